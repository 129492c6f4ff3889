/* core/sample_names.c: lists of our own of common names. */
#include "core/sample_names.h"

#include <stdio.h>

typedef struct surname {
    const char *name;
    const char *latin;
} surname;

#define COUNT_OF(list) ((uint32_t)(sizeof(list) / sizeof((list)[0])))

/* The most common first. */
static const surname SURNAMES[] = {
    {"王", "wang"},     {"李", "li"},     {"张", "zhang"},   {"刘", "liu"},   {"陈", "chen"},
    {"杨", "yang"},     {"黄", "huang"},  {"赵", "zhao"},    {"吴", "wu"},    {"周", "zhou"},
    {"徐", "xu"},       {"孙", "sun"},    {"马", "ma"},      {"朱", "zhu"},   {"胡", "hu"},
    {"郭", "guo"},      {"何", "he"},     {"林", "lin"},     {"高", "gao"},   {"罗", "luo"},
    {"郑", "zheng"},    {"梁", "liang"},  {"谢", "xie"},     {"宋", "song"},  {"唐", "tang"},
    {"许", "xu"},       {"韩", "han"},    {"邓", "deng"},    {"冯", "feng"},  {"曹", "cao"},
    {"彭", "peng"},     {"曾", "zeng"},   {"肖", "xiao"},    {"田", "tian"},  {"董", "dong"},
    {"潘", "pan"},      {"袁", "yuan"},   {"蔡", "cai"},     {"蒋", "jiang"}, {"余", "yu"},
    {"于", "yu"},       {"杜", "du"},     {"叶", "ye"},      {"程", "cheng"}, {"魏", "wei"},
    {"苏", "su"},       {"吕", "lv"},     {"丁", "ding"},    {"任", "ren"},   {"卢", "lu"},
    {"姚", "yao"},      {"沈", "shen"},   {"钟", "zhong"},   {"姜", "jiang"}, {"崔", "cui"},
    {"谭", "tan"},      {"陆", "lu"},     {"范", "fan"},     {"汪", "wang"},  {"廖", "liao"},
    {"石", "shi"},      {"金", "jin"},    {"韦", "wei"},     {"贾", "jia"},   {"夏", "xia"},
    {"付", "fu"},       {"方", "fang"},   {"邹", "zou"},     {"熊", "xiong"}, {"白", "bai"},
    {"孟", "meng"},     {"秦", "qin"},    {"邱", "qiu"},     {"侯", "hou"},   {"江", "jiang"},
    {"尹", "yin"},      {"薛", "xue"},    {"闫", "yan"},     {"雷", "lei"},   {"龙", "long"},
    {"黎", "li"},       {"史", "shi"},    {"陶", "tao"},     {"贺", "he"},    {"毛", "mao"},
    {"段", "duan"},     {"郝", "hao"},    {"顾", "gu"},      {"龚", "gong"},  {"邵", "shao"},
    {"欧阳", "ouyang"}, {"司马", "sima"}, {"诸葛", "zhuge"},
};

static const char *const GIVEN_MALE[] = {
    "伟", "强", "磊", "军", "勇", "杰", "涛", "超", "明", "刚", "平", "辉", "鹏", "华", "飞",
    "鑫", "波", "斌", "宇", "浩", "凯", "健", "俊", "帆", "帅", "旭", "宁", "龙", "林", "欢",
    "阳", "建", "国", "志", "海", "文", "博", "子", "轩", "泽", "睿", "晨", "毅", "峰", "诚",
    "栋", "哲", "翔", "承", "远", "启", "恒", "嘉", "楠", "松", "立", "永", "东", "昊", "然",
};

static const char *const GIVEN_FEMALE[] = {
    "芳", "娜", "敏", "静", "丽", "艳", "娟", "霞", "秀", "英", "玲", "燕", "红", "莉", "洁",
    "梅", "琳", "雪", "婷", "慧", "颖", "佳", "倩", "欣", "怡", "悦", "雨", "萱", "梓", "涵",
    "诗", "思", "琪", "瑶", "璐", "蕾", "晶", "莹", "薇", "兰", "月", "桂", "春", "珍", "凤",
    "素", "云", "莲", "真", "环", "蓉", "茜", "妍", "彤", "雅", "晓", "语", "若", "可", "宁",
};

static const char *const FIRST_MALE[] = {
    "James",  "Robert",  "John",    "Michael",  "David",   "William",  "Richard",   "Joseph",
    "Thomas", "Charles", "Daniel",  "Matthew",  "Anthony", "Mark",     "Paul",      "Steven",
    "Andrew", "Kenneth", "George",  "Edward",   "Brian",   "Kevin",    "Jason",     "Jeffrey",
    "Ryan",   "Jacob",   "Gary",    "Nicholas", "Eric",    "Jonathan", "Stephen",   "Larry",
    "Justin", "Scott",   "Brandon", "Benjamin", "Samuel",  "Gregory",  "Alexander", "Patrick",
    "Frank",  "Raymond", "Jack",    "Dennis",   "Jerry",   "Tyler",    "Aaron",     "Henry",
    "Peter",  "Adam",
};

static const char *const FIRST_FEMALE[] = {
    "Mary",     "Patricia", "Jennifer", "Linda",     "Elizabeth", "Barbara",   "Susan",
    "Jessica",  "Sarah",    "Karen",    "Lisa",      "Nancy",     "Betty",     "Sandra",
    "Margaret", "Ashley",   "Kimberly", "Emily",     "Donna",     "Michelle",  "Carol",
    "Amanda",   "Melissa",  "Deborah",  "Stephanie", "Rebecca",   "Laura",     "Sharon",
    "Cynthia",  "Kathleen", "Amy",      "Angela",    "Shirley",   "Anna",      "Brenda",
    "Pamela",   "Emma",     "Nicole",   "Helen",     "Samantha",  "Katherine", "Christine",
    "Rachel",   "Carolyn",  "Janet",    "Catherine", "Maria",     "Heather",   "Diane",
    "Julia",
};

static const char *const LAST[] = {
    "Smith",      "Johnson",  "Williams", "Brown",    "Jones",    "Miller", "Davis",    "Wilson",
    "Anderson",   "Thomas",   "Taylor",   "Moore",    "Jackson",  "Martin", "Thompson", "White",
    "Harris",     "Clark",    "Lewis",    "Robinson", "Walker",   "Young",  "Allen",    "King",
    "Wright",     "Scott",    "Hill",     "Green",    "Adams",    "Nelson", "Baker",    "Hall",
    "Campbell",   "Mitchell", "Carter",   "Roberts",  "Phillips", "Evans",  "Turner",   "Parker",
    "Edwards",    "Collins",  "Stewart",  "Morris",   "Murphy",   "Cook",   "Rogers",   "Morgan",
    "Cooper",     "Peterson", "Reed",     "Bailey",   "Bell",     "Howard", "Ward",     "Cox",
    "Richardson", "Wood",     "Watson",   "Brooks",
};

/* The smaller of two draws, so that what stands first comes more often. */
static uint32_t draw_early(const velum_random *random, uint32_t count)
{
    const uint32_t a = random_below(random, count);
    const uint32_t b = random_below(random, count);

    return a < b ? a : b;
}

static const char *draw_given(const velum_random *random, bool is_male)
{
    return is_male ? GIVEN_MALE[random_below(random, COUNT_OF(GIVEN_MALE))]
                   : GIVEN_FEMALE[random_below(random, COUNT_OF(GIVEN_FEMALE))];
}

void sample_name_chinese(const velum_random *random, bool is_male, sample_name *out)
{
    const surname *const family = &SURNAMES[draw_early(random, COUNT_OF(SURNAMES))];
    const char *const first = draw_given(random, is_male);
    const char *const second = random_below(random, 100) < 75 ? draw_given(random, is_male) : "";

    (void)snprintf(out->full, sizeof(out->full), "%s%s%s", family->name, first, second);
    (void)snprintf(out->latin, sizeof(out->latin), "%s", family->latin);
}

/* By hand, since the host's locale has a say in tolower. */
static void to_lower(char *ascii)
{
    for (; *ascii != '\0'; ascii++) {
        if (*ascii >= 'A' && *ascii <= 'Z') {
            *ascii = (char)(*ascii - 'A' + 'a');
        }
    }
}

void sample_name_western(const velum_random *random, bool is_male, sample_name *out)
{
    const char *const first = is_male ? FIRST_MALE[random_below(random, COUNT_OF(FIRST_MALE))]
                                      : FIRST_FEMALE[random_below(random, COUNT_OF(FIRST_FEMALE))];
    const char *const last = LAST[random_below(random, COUNT_OF(LAST))];

    (void)snprintf(out->full, sizeof(out->full), "%s %s", first, last);
    (void)snprintf(out->latin, sizeof(out->latin), "%s.%s", first, last);
    to_lower(out->latin);
}
