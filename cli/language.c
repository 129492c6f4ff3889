/* cli/language.c: English and Chinese. */
#include "cli/language.h"

#include <stdlib.h>

typedef struct translation {
    const char *word;
    const char *en;
    const char *zh;
} translation;

/* Words of the gate that a person reads. Names of a policy have titles of their own. */
static const translation translations[] = {
    {"allow", "allowed", "允许"},
    {"partial", "allowed in part", "部分允许"},
    {"deny", "refused", "拒绝"},
    {"clear", "shown", "明文"},
    {"masked", "masked", "脱敏"},
    {"hidden", "hidden", "隐藏"},
    {"consent", "consent", "个人同意"},
    {"contract", "contract", "合同"},
    {"legal_obligation", "legal obligation", "法定义务"},
    {"vital_interest", "vital interest", "保护生命健康"},
    {"public_interest", "public interest", "公共利益"},
    {"legitimate_interest", "legitimate interest", "正当利益"},
    {"given", "given", "已同意"},
    {"renewed", "renewed", "已续期"},
    {"withdrawn", "withdrawn", "已撤回"},
    {"refused", "refused", "已拒绝"},
    {"requested", "requested", "已请求"},
    {"deferred", "deferred", "已推迟"},
    {"expired", "expired", "已过期"},
    {"revoked", "revoked", "已废止"},
    {"invalidated", "invalidated", "已失效"},
    {"unknown", "not known", "未知"},
    {"under-14", "under 14", "未满14岁"},
    {"14-to-17", "14 to 17", "14至17岁"},
    {"adult", "adult", "成年"},
    {"live", "live", "有效"},
    {"erasing", "being erased", "删除中"},
    {"erased", "erased", "已删除"},
    {"service", "a system", "系统"},
    {"human", "a person", "员工"},
    {"token", "by token", "凭令牌"},
    {"uid", "at the command line", "通过命令行"},
    {"customer-token", "by their own token", "凭本人令牌"},
    {"import", "import", "导入"},
    {"lookup", "lookup", "查找"},
    {"consent-read", "list of consents", "查看同意"},
    {"retained", "what a law keeps", "法定留存资料"},
    {"resolve", "token resolved", "标识还原"},
    {"approval", "an approval", "审批"},
    {"reason-code", "a reason code", "理由代码"},
    {"notify", "telling others afterwards", "事后通知"},
};

bool language_of(const invocation *invocation, language *out)
{
    static const char *const variables[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
    const char *wish = invocation_value(invocation, "lang");

    for (size_t i = 0; wish == NULL && i < sizeof(variables) / sizeof(variables[0]); i++) {
        const char *const value = getenv(variables[i]);
        if (value != NULL && *value != '\0') {
            *out = text_starts_with(text_of(value), "zh") ? LANGUAGE_ZH : LANGUAGE_EN;
            return true;
        }
    }
    *out = LANGUAGE_EN;
    if (wish == NULL || strcmp(wish, "en") == 0) {
        return true;
    }
    *out = LANGUAGE_ZH;
    if (strcmp(wish, "zh") != 0) {
        (void)command_wrong(invocation->command, "--lang is zh or en");
        return false;
    }
    return true;
}

const char *language_pick(language language, const char *en, const char *zh)
{
    return language == LANGUAGE_ZH ? zh : en;
}

text language_title(language language, const json_value *titled)
{
    const json_value *title = json_member(titled, language_pick(language, "en", "zh"));

    if (title == NULL || json_text(title).size == 0) {
        title = json_member(titled, "name");
    }
    return title == NULL ? TEXT_EMPTY : json_text(title);
}

text language_word(language language, text word)
{
    for (size_t i = 0; i < sizeof(translations) / sizeof(translations[0]); i++) {
        if (text_equal_literal(word, translations[i].word)) {
            return text_of(language_pick(language, translations[i].en, translations[i].zh));
        }
    }
    return word;
}
