//! The notice beside a function: the purpose's entry of the policy, told at the moment of collection (0-a.S2).

use super::prose::{prose, w};
use super::{DocumentKind, Inline, Operator, Target, anchor, facts, lock, plain};
use crate::{Language, PurposeInfo, Words};

/// A just-in-time notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    pub purpose: &'static str,
    /// The policy's section that holds the same entry; its anchor is `anchor(section)`.
    pub section: &'static str,
    pub language: Language,
    /// Whether it asks for consent; otherwise it only tells.
    pub asks: bool,
    pub parts: Vec<NoticePart>,
    /// SHA-256 over language, purpose and words; stored in the record of the consent it led to.
    pub hash: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoticePart {
    pub kind: NoticeKind,
    pub label: String,
    pub text: Vec<Inline>,
}

/// The parts of a notice, in their order. `Sensitive` stands only where something sensitive is touched (PIPL 30).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeKind {
    Purpose,
    Ground,
    Kinds,
    Sensitive,
    Method,
    Recipients,
    Retention,
    Refusal,
    Rights,
    Operator,
}

impl NoticeKind {
    /// The parts that every notice has.
    pub const ALWAYS: [NoticeKind; 9] = [
        NoticeKind::Purpose,
        NoticeKind::Ground,
        NoticeKind::Kinds,
        NoticeKind::Method,
        NoticeKind::Recipients,
        NoticeKind::Retention,
        NoticeKind::Refusal,
        NoticeKind::Rights,
        NoticeKind::Operator,
    ];
}

impl Notice {
    pub fn part(&self, kind: NoticeKind) -> Option<&NoticePart> {
        self.parts.iter().find(|part| part.kind == kind)
    }
}

/// The notice of `purpose`, as the operator must give it before collection.
pub fn notice(purpose: &PurposeInfo, operator: &Operator, language: Language) -> Notice {
    let mut parts = Vec::new();
    let mut add = |kind: NoticeKind, label: Words, text: Vec<Inline>| {
        parts.push(NoticePart { kind, label: label.in_(language).to_owned(), text })
    };
    let or_none = |pieces: Vec<Inline>| {
        if pieces.is_empty() { vec![Inline::text(facts::NONE.in_(language))] } else { pieces }
    };
    add(NoticeKind::Purpose, w("Purpose", "处理目的"), facts::says(purpose, language));
    add(NoticeKind::Ground, w("Ground", "处理依据"), facts::basis(purpose, language));
    add(NoticeKind::Kinds, w("Information", "信息种类"), kinds(purpose, language));
    if purpose.fields().any(|field| field.marked()) {
        add(NoticeKind::Sensitive, w("Necessity and effect", "必要性及对您权益的影响"), sensitive(purpose, language));
    }
    add(NoticeKind::Method, w("Method", "处理方式"), facts::method(purpose, language));
    add(NoticeKind::Recipients, w("Given to", "提供给"), or_none(facts::recipients(purpose, language)));
    add(NoticeKind::Retention, w("Term", "保存期限"), vec![Inline::text(facts::term(purpose, language))]);
    add(NoticeKind::Refusal, facts::refusal_label(purpose.basis), vec![Inline::text(purpose.refusal.in_(language))]);
    add(NoticeKind::Rights, w("Your rights", "行使权利的方式"), rights(operator, language));
    add(
        NoticeKind::Operator,
        w("Who asks", "个人信息处理者"),
        prose(
            w("{company}, {address}; customer service: {service}", "{company}，地址：{address}；客服：{service}"),
            operator,
            language,
        ),
    );
    let hash = hash(purpose, language, &parts);
    Notice { purpose: purpose.id, section: purpose.section, language, asks: purpose.basis.asks(), parts, hash }
}

/// The hash of the notice, for the record of a consent.
pub fn notice_hash(purpose: &PurposeInfo, operator: &Operator, language: Language) -> String {
    notice(purpose, operator, language).hash
}

fn kinds(purpose: &PurposeInfo, language: Language) -> Vec<Inline> {
    let groups = [
        (w("required: ", "必要："), purpose.requires),
        (w("optional: ", "可选："), purpose.accepts),
        (w("already collected elsewhere: ", "其他功能已收集："), purpose.reads),
    ];
    let mut pieces = Vec::new();
    for (name, fields) in groups {
        if fields.is_empty() {
            continue;
        }
        let before = if pieces.is_empty() { "" } else { super::prose::semicolon(language) };
        pieces.push(Inline::text(format!("{before}{}", name.in_(language))));
        pieces.extend(facts::fields(fields, language));
    }
    if pieces.is_empty() { vec![Inline::text(facts::NONE.in_(language))] } else { pieces }
}

/// Necessity and effect of handling what is sensitive.
fn sensitive(purpose: &PurposeInfo, language: Language) -> Vec<Inline> {
    let sensitive: Vec<_> = purpose.fields().filter(|field| field.marked()).collect();
    let mut pieces = facts::fields(&sensitive, language);
    pieces.push(Inline::text(
        w(
            ": needed for the purpose above and for nothing else. If it leaked or were misused, your property, safety or dignity could be harmed.",
            "：为实现上述目的所必需，不作他用；一旦泄露或被非法使用，可能危害您的人身、财产安全或人格尊严。",
        )
        .in_(language),
    ));
    pieces
}

fn rights(operator: &Operator, language: Language) -> Vec<Inline> {
    let policy = |section: &str, text: Words| Inline::Link {
        to: Target::Document(DocumentKind::PrivacyPolicy, Some(anchor(section))),
        text: text.in_(language).to_owned(),
    };
    let mail =
        Inline::Link { to: Target::Mail(operator.department_email.clone()), text: operator.department_email.clone() };
    let between = |words: Words| Inline::text(words.in_(language));
    vec![
        between(w(
            "you can look up, copy, correct and delete, restrict and refuse: ",
            "您可以查阅、复制、更正、删除您的信息，或限制、拒绝处理，方式见",
        )),
        policy("4", w("part 4 of the privacy policy", "隐私政策第四部分")),
        between(w(", or write to the privacy department at ", "，或联系个人信息保护专门部门：")),
        mail,
    ]
}

fn hash(purpose: &PurposeInfo, language: Language, parts: &[NoticePart]) -> String {
    let words: Vec<_> = parts.iter().flat_map(|part| [part.label.clone(), plain(&part.text)]).collect();
    lock::digest(&serde_json::json!({ "purpose": purpose.id, "language": language.tag(), "words": words }))
}
