/* cli/explain_words.c: what happened, who, why, what of it, and whether it holds. A sentence is left out
 * where what it speaks of is not there. */
#include "cli/explain_sentence.h"

#define VALUE_BYTES_MAX 16384

static text who(const telling *self)
{
    const text actor = sentence_text(self->answer, "actor");

    if (text_equal_literal(actor, "customer")) {
        return text_of(language_pick(self->language, "the customer", "客户本人"));
    }
    if (text_equal_literal(actor, "velum")) {
        return text_of(language_pick(self->language, "the gate itself", "网关自身"));
    }
    return actor.size > 0
               ? actor
               : text_of(language_pick(self->language, "a former employee", "一名已离职人员"));
}

/* --- what happened ------------------------------------------------------------------------------ */

/* `of` stands before the customers, where an act concerned any. */
static const struct {
    const char *type;
    const char *en;
    const char *of;
    const char *zh;
} ACTS[] = {
    {"read", "asked to read data", " of ", "请求查阅数据"},
    {"lookup", "looked up", " ", "按标识查找"},
    {"upsert", "asked to write data", " of ", "请求写入数据"},
    {"consent-read", "asked for the consents", " of ", "请求查看同意"},
    {"consent", "recorded a consent", " of ", "记录了同意"},
    {"import", "imported data", " of ", "导入了数据"},
    {"request", "dealt with a request", " of ", "处理了权利请求"},
    {"erasure", "erased data", " of ", "删除了数据"},
    {"access-log", "looked at who had seen the data", " of ", "查看了访问记录"},
    {"resolve", "turned back a token", " of ", "还原了标识"},
    {"retained", "asked for what a law keeps", " of ", "请求查阅法定留存资料"},
    {"approval", "dealt with an approval", " about ", "处理了审批"},
    {"log-read", "asked the log", " about ", "查阅了日志"},
    {"genesis", "began the log", " of ", "开始了日志"},
    {"recovery", "mended the end of the log at a start", " of ", "启动时修复了日志末尾"},
    {"registry", "gave a name its number", " of ", "为名称登记了编号"},
    {"verification", "verified the log", " of ", "校验了日志"},
    {"clock", "noted or accepted the clock", " of ", "记录或接受了时钟"},
    {"policy", "dealt with the policy", " of ", "处理了策略"},
    {"credential", "dealt with a credential", " of ", "处理了凭证"},
    {"person", "registered a person", " of ", "登记了人员"},
    {"schema", "took a step of the schema", " of ", "升级了数据结构"},
    {"keys", "replaced a key", " of ", "更换了密钥"},
    {"configuration", "asked how the gate is set up", " of ", "查看了网关配置"},
    {"hold", "set or lifted a legal hold", " on ", "设置或解除了法律保留"},
    {"filter", "asked which of many may be reached", ", naming ", "筛选了可处理的客户"},
    {"search", "searched for customers", " and found ", "查找了客户"},
    {"listing", "listed references", " of ", "列出了客户编号"},
    {"bulk-read", "asked to read many at once", ", seeing ", "请求批量查阅数据"},
    {"module", "took, answered or planned a module's work", " about ",
     "领取、答复或安排了模块任务"},
    {"hook", "told a receiver outside", " of ", "通知了外部接收方"},
    {"suppression", "swept suppressions that had ended", " of ", "清理了到期的抑制名单"},
};

/* "one customer", "20 customers", or nothing. */
static void append_whom(const telling *self, const char *of, buffer *out)
{
    char digits[NUMBER_BYTES];
    const text among = sentence_number(self->answer, "among", digits);

    if (among.size == 0 && sentence_text(self->answer, "subject_token").size == 0) {
        return;
    }
    buffer_append_text(out, language_pick(self->language, of, "，涉及"));
    if (among.size > 0) {
        buffer_append(out, among.data, among.size);
        buffer_append_text(out, language_pick(self->language, " customers", "名客户"));
    } else {
        buffer_append_text(out, language_pick(self->language, "one customer", "一名客户"));
    }
}

static text act(const telling *self, buffer *out)
{
    const text type = sentence_text(self->answer, "type");

    buffer_init(out, VALUE_BYTES_MAX);
    for (size_t i = 0; i < sizeof(ACTS) / sizeof(ACTS[0]); i++) {
        if (text_equal_literal(type, ACTS[i].type)) {
            buffer_append_text(out, language_pick(self->language, ACTS[i].en, ACTS[i].zh));
            append_whom(self, ACTS[i].of, out);
        }
    }
    return out->size == 0 ? type : (text){(const char *)out->data, out->size};
}

static void tell_what(const telling *self)
{
    VELUM_AUTO_BUFFER did = {0};
    char digits[NUMBER_BYTES];
    const slot slots[] = {{"index", sentence_number(self->answer, "index", digits)},
                          {"at", sentence_text(self->answer, "at")},
                          {"who", who(self)},
                          {"act", act(self, &did)},
                          {"decision", sentence_word(self, "decision")},
                          {NULL, TEXT_EMPTY}};

    if (text_equal_literal(sentence_text(self->answer, "auth"), "none")) {
        sentence_tell(self, "Entry {index}, {at}: {who} {act}.", "第{index}条，{at}：{who}{act}。",
                      slots);
    } else {
        sentence_tell(self, "Entry {index}, {at}: {who} {act}. It was {decision}.",
                      "第{index}条，{at}：{who}{act}。结果：{decision}。", slots);
    }
}

static void tell_who(const telling *self)
{
    VELUM_AUTO_BUFFER roles = {0};
    const slot slots[] = {{"who", who(self)},
                          {"kind", sentence_word(self, "actor_kind")},
                          {"roles", sentence_list(json_member(self->answer, "roles"), &roles)},
                          {"auth", sentence_word(self, "auth")},
                          {"door", sentence_text(self->answer, "door")},
                          {"token", sentence_text(self->answer, "actor_token")},
                          {NULL, TEXT_EMPTY}};

    if (sentence_text(self->answer, "actor").size == 0 &&
        sentence_text(self->answer, "actor_token").size > 0) {
        sentence_tell(self, "Who that was is known to nobody here any more; the token is {token}.",
                      "此人凭证已不存在，标识为 {token}。", slots);
    } else if (slots[1].value.size > 0) {
        sentence_tell(self, "{who} is {kind} with the role {roles}, known {auth} ({door}).",
                      "{who}：{kind}，角色 {roles}，{auth}（{door}）。", slots);
    }
    if (sentence_flag(self->answer, "actor_revoked")) {
        sentence_tell(self, "The credential was revoked since.", "该凭证此后已被吊销。", slots);
    }
}

/* --- why ---------------------------------------------------------------------------------------- */

static void tell_why(const telling *self)
{
    VELUM_AUTO_BUFFER activity = {0};
    VELUM_AUTO_BUFFER purpose = {0};
    VELUM_AUTO_BUFFER reason = {0};
    const slot slots[] = {{"activity", sentence_title(self, "activity", &activity)},
                          {"purpose", sentence_title(self, "purpose", &purpose)},
                          {"basis", sentence_word(self, "basis")},
                          {"recipient", sentence_text(self->answer, "recipient")},
                          {"code", sentence_title(self, "reason_code", &reason)},
                          {NULL, TEXT_EMPTY}};

    if (slots[0].value.size > 0) {
        sentence_tell(
            self,
            "The activity was {activity}; it serves the purpose {purpose} on the legal basis: "
            "{basis}.",
            "活动：{activity}；目的：{purpose}；合法性基础：{basis}。", slots);
    }
    if (slots[3].value.size > 0) {
        sentence_tell(self, "The data went to {recipient}.", "数据接收方：{recipient}。", slots);
    }
    if (json_member(self->answer, "reason_code") != NULL) {
        sentence_tell(self, "The reason that was given: {code}.", "所填理由：{code}。", slots);
    }
}

static void tell_notice(const telling *self)
{
    const json_value *const notice = json_member(self->answer, "notice");
    char digits[NUMBER_BYTES];
    const slot slots[] = {{"title", sentence_text(notice, "title")},
                          {"id", sentence_text(notice, "id")},
                          {"language", sentence_text(notice, "language")},
                          {"version", sentence_number(notice, "version", digits)},
                          {"hash", sentence_text(notice, "hash")},
                          {NULL, TEXT_EMPTY}};

    if (notice == NULL) {
        return;
    }
    if (slots[1].value.size == 0) {
        sentence_tell(self, "The notice of that consent has SHA-256 {hash}; its text is not here.",
                      "该同意对应的告知书 SHA-256 为 {hash}，本处无其文本。", slots);
        return;
    }
    sentence_tell(
        self,
        "The customer had been shown the notice “{title}” ({id}, {language}, version {version}, "
        "SHA-256 {hash}).",
        "当时向客户出示的告知书：《{title}》（{id}，{language}，第{version}版，SHA-256 {hash}）。",
        slots);
}

static void tell_consent(const telling *self)
{
    const json_value *const consent = json_member(self->answer, "consent");
    char digits[NUMBER_BYTES];
    const slot slots[] = {{"id", sentence_text(consent, "id")},
                          {"version", sentence_number(consent, "version", digits)},
                          {"state", language_word(self->language, sentence_text(consent, "state"))},
                          {NULL, TEXT_EMPTY}};

    if (consent == NULL) {
        return;
    }
    if (text_equal_literal(sentence_text(self->answer, "type"), "consent")) {
        sentence_tell(self,
                      "The consent that was recorded is {id}, for version {version}: {state}.",
                      "所记录的同意：{id}，目的版本 {version}，状态：{state}。", slots);
    } else {
        sentence_tell(self,
                      "The consent that was looked at is {id}, for version {version}: {state}.",
                      "所依据的同意：{id}，目的版本 {version}，状态：{state}。", slots);
    }
    tell_notice(self);
}

/* --- what of it --------------------------------------------------------------------------------- */

/* The titles of the fields with that fate. */
static text fields_shown(const telling *self, const char *shown, buffer *out)
{
    const json_value *const fields = json_member(self->answer, "fields");

    buffer_init(out, VALUE_BYTES_MAX);
    for (size_t i = 0; fields != NULL && i < json_count(fields); i++) {
        const json_value *const field = json_at(fields, i);
        if (!text_equal_literal(sentence_text(field, "shown"), shown)) {
            continue;
        }
        const text title = language_title(self->language, field);
        buffer_append_text(out, out->size == 0 ? "" : language_pick(self->language, ", ", "、"));
        buffer_append(out, title.data, title.size);
    }
    return out->size == 0 ? TEXT_EMPTY : (text){(const char *)out->data, out->size};
}

static void tell_fields(const telling *self)
{
    static const struct {
        const char *shown;
        const char *en;
        const char *zh;
    } fates[] = {
        {"clear", "Shown: {fields}.", "明文提供：{fields}。"},
        {"masked", "Shown masked: {fields}.", "脱敏提供：{fields}。"},
        {"hidden", "Asked for and not shown: {fields}.", "请求但未提供：{fields}。"},
        {"asked", "The fields asked for or written: {fields}.", "请求或写入的字段：{fields}。"},
    };
    char digits[NUMBER_BYTES];

    for (size_t i = 0; i < sizeof(fates) / sizeof(fates[0]); i++) {
        VELUM_AUTO_BUFFER list = {0};
        const slot slots[] = {{"fields", fields_shown(self, fates[i].shown, &list)},
                              {NULL, TEXT_EMPTY}};
        if (slots[0].value.size > 0) {
            sentence_tell(self, fates[i].en, fates[i].zh, slots);
        }
    }
    const slot unknown[] = {{"count", sentence_number(self->answer, "unknown_fields", digits)},
                            {NULL, TEXT_EMPTY}};
    if (unknown[0].value.size > 0) {
        sentence_tell(self, "Names asked for that the policy does not have: {count}.",
                      "策略中不存在的字段名：{count}个。", unknown);
    }
}

static void tell_decision(const telling *self)
{
    VELUM_AUTO_BUFFER owed = {0};
    const slot slots[] = {{"reason", sentence_text(self->answer, "reason")},
                          {"title", sentence_text(self->answer, "reason_title")},
                          {"rule", sentence_text(self->answer, "rule")},
                          {"owed", sentence_list(json_member(self->answer, "obligations"), &owed)},
                          {NULL, TEXT_EMPTY}};

    if (slots[0].value.size > 0) {
        sentence_tell(self, "The reason of the refusal: {reason}. {title}",
                      "拒绝原因：{reason}。{title}", slots);
    }
    if (slots[2].value.size > 0) {
        sentence_tell(self, "The rule that matched is that of the role {rule}.",
                      "匹配的规则属于角色 {rule}。", slots);
    }
    if (slots[3].value.size > 0) {
        sentence_tell(self, "It rested on: {owed}.", "附带义务：{owed}。", slots);
    }
    if (sentence_flag(self->answer, "break_glass") ||
        json_member(self->answer, "break_glass") != NULL) {
        sentence_tell(self, "The glass was broken: others look at it afterwards.",
                      "此为紧急访问，事后须经他人复核。", slots);
    }
}

static void tell_circumstances(const telling *self)
{
    const bool behind = text_equal_literal(sentence_text(self->answer, "clock"), "behind");
    const slot slots[] = {{"status", sentence_word(self, "subject_status")},
                          {"age", sentence_word(self, "age_class")},
                          {NULL, TEXT_EMPTY}};

    if (slots[0].value.size > 0) {
        sentence_tell(self, "The customer was {status}; age: {age}.",
                      "客户状态：{status}；年龄段：{age}。", slots);
    }
    if (behind) {
        sentence_tell(self,
                      "The clock stood behind the newest record, so no expiry could be judged.",
                      "时钟落后于最新记录，因此无法判断到期时间。", slots);
    }
}

/* --- what is left of it ------------------------------------------------------------------------- */

/* Parameters of an act, by their names in the JSON. */
static void tell_parameters(const telling *self)
{
    static const char *const names[] = {
        "stage",           "operation",     "registers",      "number",
        "consent_purpose", "grade",         "approval_state", "right",
        "request_state",   "schema",        "keys_schema",    "sign_up",
        "rehearsal",       "result",        "size",           "count",
        "records",         "new",           "changed",        "same",
        "rejected",        "torn_bytes",    "approval_kind",  "due",
        "destroyed",       "retained",      "processor",      "shadow_decision",
        "shadow_reason",   "shadow_fields", "age_limit",      "unattached",
        "allowed",         "refused",       "criteria",       "asked_about",
        "root_version"};
    VELUM_AUTO_BUFFER list = {0};

    buffer_init(&list, VALUE_BYTES_MAX);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char digits[NUMBER_BYTES];
        const text number = sentence_number(self->answer, names[i], digits);
        const text value = number.size > 0 ? number : sentence_text(self->answer, names[i]);
        if (value.size > 0) {
            buffer_append_format(&list, "%s%s: ", list.size == 0 ? "" : ", ", names[i]);
            buffer_append(&list, value.data, value.size);
        }
    }
    const slot slots[] = {{"list", {(const char *)list.data, list.size}}, {NULL, TEXT_EMPTY}};
    if (list.size > 0) {
        sentence_tell(self, "It says: {list}.", "参数：{list}。", slots);
    }
}

static void tell_policy(const telling *self)
{
    const json_value *const policy = json_member(self->answer, "policy");
    const slot slots[] = {{"name", sentence_text(policy, "name")},
                          {"hash", sentence_text(policy, "hash")},
                          {NULL, TEXT_EMPTY}};

    if (slots[1].value.size == 0) {
        return;
    }
    if (!sentence_flag(policy, "available")) {
        sentence_tell(
            self, "The text of the policy {hash} is not here, or this version does not take it.",
            "策略 {hash} 的文本不在本处，或本版本无法解析。", slots);
    } else if (sentence_flag(policy, "in_force")) {
        sentence_tell(self, "The policy was {name} ({hash}), which is in force.",
                      "所用策略：{name}（{hash}），现仍有效。", slots);
    } else {
        sentence_tell(self, "The policy was {name} ({hash}), which is not in force any more.",
                      "所用策略：{name}（{hash}），现已被替换。", slots);
    }
}

static void tell_replay(const telling *self)
{
    static const struct {
        const char *result;
        const char *en;
        const char *zh;
    } results[] = {
        {"same", "That policy gives the same decision from the recorded inputs.",
         "以记录的输入重新判定，结果一致。"},
        {"different",
         "ATTENTION: that policy gives another decision from the recorded inputs: {decision} "
         "{reason}{fields}. Let the log be verified.",
         "注意：以记录的输入重新判定，结果不同：{decision} {reason}{fields}。请校验日志。"},
        {"beside", "The policy did not refuse it; the reason lies beside the policy.",
         "拒绝并非出自策略，而是其他原因。"},
        {"no-policy", "Without that policy it cannot be decided again.",
         "缺少该策略，无法重新判定。"},
    };
    VELUM_AUTO_BUFFER fields = {0};
    const json_value *const replay = json_member(self->answer, "replay");
    const slot slots[] = {
        {"decision", language_word(self->language, sentence_text(replay, "decision"))},
        {"reason", sentence_text(replay, "reason")},
        {"fields", sentence_list(json_member(replay, "fields"), &fields)},
        {NULL, TEXT_EMPTY}};

    for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++) {
        if (text_equal_literal(sentence_text(replay, "result"), results[i].result)) {
            sentence_tell(self, results[i].en, results[i].zh, slots);
        }
    }
    if (sentence_flag(replay, "assumed_conditions")) {
        sentence_tell(
            self,
            "The log does not hold the values of the role's conditions (such as the store); "
            "they are taken to have held.",
            "日志不记录角色条件（如门店）的取值，此处按条件成立处理。", slots);
    }
}

static void tell_end(const telling *self)
{
    char index[NUMBER_BYTES];
    char related[NUMBER_BYTES];
    const slot slots[] = {{"index", sentence_number(self->answer, "index", index)},
                          {"related", sentence_number(self->answer, "related_index", related)},
                          {NULL, TEXT_EMPTY}};

    if (slots[1].value.size > 0) {
        sentence_tell(self, "It belongs to entry {related}.", "相关条目：第{related}条。", slots);
    }
    sentence_tell(self, "Its proof: velum audit prove {index}", "证明：velum audit prove {index}",
                  slots);
}

void explain_tell(const json_value *answer, language language, table *out)
{
    const telling self = {answer, language, out};

    tell_what(&self);
    tell_who(&self);
    tell_why(&self);
    tell_consent(&self);
    tell_decision(&self);
    tell_fields(&self);
    tell_circumstances(&self);
    tell_parameters(&self);
    tell_policy(&self);
    tell_replay(&self);
    tell_end(&self);
}
