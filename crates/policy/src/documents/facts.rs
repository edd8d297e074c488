//! What the map says of one purpose, in words. Policy, lists and notices all print from here (0-a.4).

use super::outline::anchor_of_purpose;
use super::prose::{colon, comma, semicolon, w};
use super::{DocumentKind, Entry, Fact, Inline, Target};
use crate::{Action, Basis, FieldInfo, Keep, Kind, Language, PurposeInfo, Rest, Rule, Term, Unit, Words};

pub(super) const NONE: Words = w("none", "无");

/// The purpose as the policy prints it.
pub(super) fn entry(purpose: &PurposeInfo, language: Language) -> Entry {
    let mut facts = vec![Fact { label: label(w("Ground", "处理依据"), language), text: basis(purpose, language) }];
    let mut add = |name: Words, text: Vec<Inline>| facts.push(Fact { label: label(name, language), text });
    add(w("Required information", "必要信息"), or_none(fields(purpose.requires, language), language));
    add(w("Optional information", "可选信息"), or_none(fields(purpose.accepts, language), language));
    if !purpose.reads.is_empty() {
        add(w("Also used, collected elsewhere", "同时使用其他功能已收集的信息"), fields(purpose.reads, language));
    }
    add(w("Method", "处理方式"), method(purpose, language));
    add(w("Who may act", "可处理的角色"), roles(purpose, language));
    add(w("Given to", "提供给"), or_none(recipients(purpose, language), language));
    add(w("Term", "保存期限"), vec![Inline::text(term(purpose, language))]);
    add(refusal_label(purpose.basis), vec![Inline::text(purpose.refusal.in_(language))]);
    Entry { id: anchor_of_purpose(purpose.id), says: says(purpose, language), facts }
}

fn label(words: Words, language: Language) -> String {
    words.in_(language).to_owned()
}

fn or_none(pieces: Vec<Inline>, language: Language) -> Vec<Inline> {
    if pieces.is_empty() { vec![Inline::text(NONE.in_(language))] } else { pieces }
}

/// The sentence; marked where the purpose waits for a separate consent (0-a.3).
pub(super) fn says(purpose: &PurposeInfo, language: Language) -> Vec<Inline> {
    let text = purpose.says.in_(language);
    vec![if purpose.basis == Basis::SeparateConsent { Inline::marked(text) } else { Inline::text(text) }]
}

/// Basic or additional (2-a.1); what rests on a law is neither.
const fn kind_words(kind: Kind) -> Option<Words> {
    match kind {
        Kind::Basic => Some(w("basic function", "基本功能")),
        Kind::Additional => Some(w("additional function", "附加功能")),
        Kind::Legal => None,
    }
}

pub(super) fn basis(purpose: &PurposeInfo, language: Language) -> Vec<Inline> {
    let words = purpose.basis.words().in_(language);
    let first = if purpose.basis == Basis::SeparateConsent { Inline::marked(words) } else { Inline::text(words) };
    let more = match (kind_words(purpose.basis.kind()), language) {
        (None, _) => String::new(),
        (Some(kind), Language::En) => format!(" ({})", kind.en),
        (Some(kind), Language::Zh) => format!("（{}）", kind.zh),
    };
    let law = purpose.law.map(|law| format!("{}{}", colon(language), law.in_(language))).unwrap_or_default();
    let more = format!("{more}{law}");
    if more.is_empty() { vec![first] } else { vec![first, Inline::text(more)] }
}

/// Names of fields, the sensitive ones marked.
pub(super) fn fields(fields: &[&'static FieldInfo], language: Language) -> Vec<Inline> {
    let mut pieces = Vec::new();
    for (i, field) in fields.iter().enumerate() {
        if i > 0 {
            pieces.push(Inline::text(comma(language)));
        }
        pieces.push(field_name(field, language));
    }
    pieces
}

pub(super) fn field_name(field: &FieldInfo, language: Language) -> Inline {
    let name = field.name(language);
    if field.marked() { Inline::marked(name) } else { Inline::text(name) }
}

pub(super) fn roles(purpose: &PurposeInfo, language: Language) -> Vec<Inline> {
    let names: Vec<_> = purpose.roles.iter().map(|role| role.words().in_(language)).collect();
    vec![Inline::text(names.join(comma(language)))]
}

/// Each recipient with its kind and what it gets. Giving information away is marked (0-a.3).
pub(super) fn recipients(purpose: &PurposeInfo, language: Language) -> Vec<Inline> {
    let mut pieces = Vec::new();
    for disclosure in purpose.discloses {
        if !pieces.is_empty() {
            pieces.push(Inline::text(semicolon(language)));
        }
        let recipient = disclosure.recipient;
        let name = recipient.words.in_(language);
        let kind = recipient.kind.words().in_(language);
        pieces.push(Inline::marked(name));
        pieces.push(Inline::text(match language {
            _ if kind == name => colon(language).to_owned(),
            Language::En => format!(" ({kind}){}", colon(language)),
            Language::Zh => format!("（{kind}）{}", colon(language)),
        }));
        pieces.extend(or_none(fields(disclosure.fields, language), language));
    }
    if let Some(first) = purpose.discloses.first() {
        let anchor = (purpose.discloses.len() == 1).then(|| partner_anchor(first.recipient.id));
        pieces.push(Inline::text(semicolon(language)));
        pieces.push(Inline::Link {
            to: Target::Document(DocumentKind::PartnerList, anchor),
            text: label(w("list of partners", "合作方清单"), language),
        });
    }
    pieces
}

/// The anchor of a recipient in the list of partners.
pub(super) fn partner_anchor(recipient: &str) -> String {
    format!("r-{recipient}")
}

/// How values come in and how they rest: told from the fields that the purpose collects.
pub(super) fn method(purpose: &PurposeInfo, language: Language) -> Vec<Inline> {
    let collected: Vec<_> = purpose.requires.iter().chain(purpose.accepts).collect();
    if collected.is_empty() {
        let words = w(
            "nothing new is collected; what other functions collected is used",
            "不收集新的信息，仅使用其他功能已收集的信息",
        );
        return vec![Inline::text(words.in_(language))];
    }
    let typed = collected.iter().any(|field| field.rule != Rule::Made);
    let made = collected.iter().any(|field| field.rule == Rule::Made);
    let mut ways = vec![match (typed, made) {
        (true, false) => w("you enter it when you use the function", "由您在使用该功能时填写"),
        (false, _) => w("it arises when the function is used", "在使用该功能时产生"),
        (true, true) => {
            w("you enter it, or it arises, when you use the function", "由您在使用该功能时填写，或者在使用时产生")
        }
    }];
    let rests = |any: &[Rest]| collected.iter().any(|field| any.contains(&field.rest));
    let known = [
        (
            rests(&[Rest::Sealed, Rest::SealedIndexed]),
            w("kept encrypted under a key of the person's own", "以专属于该个人的密钥加密存储"),
        ),
        (rests(&[Rest::Hash]), w("credentials are kept as a one-way hash only", "凭证仅以单向散列保存")),
        (
            rests(&[Rest::Link, Rest::Reference]),
            w("kept in rows that name the person only by a random reference", "以仅含随机标识、不含姓名的记录保存"),
        ),
        (
            rests(&[Rest::Plain]),
            w(
                "what is public or identifies nobody by itself is kept unencrypted",
                "公开或单独不能识别个人的信息以明文保存",
            ),
        ),
        (rests(&[Rest::Device]), w("stays on your device", "保存在您的设备上")),
        (rests(&[Rest::Pass]), w("used for the moment and not kept", "即时使用，不予保存")),
    ];
    ways.extend(known.into_iter().filter_map(|(applies, words)| applies.then_some(words)));
    let ways: Vec<_> = ways.iter().map(|way| way.in_(language)).collect();
    vec![Inline::text(ways.join(semicolon(language)))]
}

pub(super) const fn refusal_label(basis: Basis) -> Words {
    if basis.asks() {
        w("If you refuse or withdraw", "如您拒绝或撤回同意")
    } else {
        w("Without it, and how it ends", "不提供的影响及终止方式")
    }
}

/// When the field is collected for the purpose.
pub(super) fn occasion(purpose: &PurposeInfo, field: &FieldInfo) -> Words {
    let among = |list: &[&'static FieldInfo]| list.iter().any(|f| f.id == field.id);
    match field.rule {
        _ if among(purpose.reads) => w("not collected anew", "不另行收集"),
        Rule::Made => w("arises when the function is used", "使用该功能时产生"),
        _ if among(purpose.requires) => w("when you use the function", "使用该功能时填写"),
        _ => w("if you give it", "您选择填写时"),
    }
}

/// The whole term of a purpose (5.1-a.S1): every rule of its `keep` in words.
pub fn term(purpose: &PurposeInfo, language: Language) -> String {
    let own = purpose.keep.iter().filter(|keep| !keep.only.is_empty());
    let mut parts: Vec<String> = own
        .map(|keep| {
            let names: Vec<_> = keep.only.iter().map(|field| field.name(language)).collect();
            format!("{}{}{}", names.join(comma(language)), colon(language), keep_words(keep, language))
        })
        .collect();
    let general: Vec<&Keep> = purpose.keep.iter().filter(|keep| keep.only.is_empty()).collect();
    if !general.is_empty() {
        let rest = if parts.is_empty() { w("", "") } else { w("the rest: ", "其余信息：") };
        parts.push(format!("{}{}", rest.in_(language), whichever(&general, language)));
    }
    parts.join(semicolon(language))
}

/// The term of one field within a purpose: its own rules where it has some, else those for all.
pub(super) fn term_of_field(purpose: &PurposeInfo, field: &FieldInfo, language: Language) -> String {
    let own: Vec<&Keep> = purpose.keep.iter().filter(|keep| keep.only.iter().any(|f| f.id == field.id)).collect();
    let general: Vec<&Keep> = purpose.keep.iter().filter(|keep| keep.only.is_empty()).collect();
    whichever(if own.is_empty() { &general } else { &own }, language)
}

/// Several rules for the same information: the earliest end counts.
fn whichever(keeps: &[&Keep], language: Language) -> String {
    let words: Vec<_> = keeps.iter().map(|keep| keep_words(keep, language)).collect();
    let joined = words.join(semicolon(language));
    match (keeps.len() > 1, language) {
        (false, _) => joined,
        (true, Language::En) => format!("{joined} (whichever comes first)"),
        (true, Language::Zh) => format!("{joined}（以先到者为准）"),
    }
}

/// One rule: `kept until 3 years after completion of the order, then made anonymous`.
pub(super) fn keep_words(keep: &Keep, language: Language) -> String {
    let event = keep.event.words().in_(language);
    let action = keep.action.words().in_(language);
    match (keep.term.count, language) {
        (0, Language::En) => format!("{action} at once upon {event}"),
        (0, Language::Zh) if keep.action == Action::Restrict => format!("{event}后{action}"),
        (0, Language::Zh) => format!("{event}后立即{action}"),
        (_, Language::En) => format!("kept until {} after {event}, then {action}", length(keep.term, language)),
        (_, Language::Zh) => {
            let since = if keep.term.unit == Unit::Minutes { "时" } else { "之日" };
            format!("自{event}{since}起保存{}，之后{action}", length(keep.term, language))
        }
    }
}

fn length(term: Term, language: Language) -> String {
    let unit = match term.unit {
        Unit::Minutes => w("minute", "分钟"),
        Unit::Days => w("day", "天"),
        Unit::Months => w("month", "个月"),
        Unit::Years => w("year", "年"),
    };
    let count = term.count;
    match language {
        Language::En => format!("{count} {}{}", unit.en, if count == 1 { "" } else { "s" }),
        Language::Zh => format!("{count}{}", unit.zh),
    }
}
