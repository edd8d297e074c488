//! Written sentences become pieces: `**marked**`, `[words](#2.3.2)`, `{company}`; and defined terms become links.

use super::{Block, DocumentKind, Inline, Operator, Section, Target, outline::anchor};
use crate::{Language, Words};

/// Both languages of one text of the documents.
pub(super) const fn w(en: &'static str, zh: &'static str) -> Words {
    Words { en, zh }
}

/// `template` with its marks, links and the operator's facts put in. What the operator wrote is never read as markup.
pub(super) fn prose(template: Words, operator: &Operator, language: Language) -> Vec<Inline> {
    let mut pieces = Vec::new();
    let mut rest = template.in_(language);
    while !rest.is_empty() {
        let at = [rest.find("**"), rest.find('[')].into_iter().flatten().min();
        let Some(at) = at else {
            pieces.push(Inline::Text(filled(rest, operator, language)));
            break;
        };
        if at > 0 {
            pieces.push(Inline::Text(filled(&rest[..at], operator, language)));
        }
        rest = &rest[at..];
        if let Some(marked) = rest.strip_prefix("**") {
            let (inside, after) = marked.split_once("**").unwrap_or((marked, ""));
            pieces.push(Inline::Marked(filled(inside, operator, language)));
            rest = after;
        } else {
            let (inside, after) = rest[1..].split_once(')').unwrap_or((&rest[1..], ""));
            let (text, to) = inside.split_once("](").unwrap_or((inside, "#0"));
            pieces.push(Inline::Link { to: target(to, operator), text: filled(text, operator, language) });
            rest = after;
        }
    }
    pieces
}

fn target(to: &str, operator: &Operator) -> Target {
    match to {
        "mail" => Target::Mail(operator.department_email.clone()),
        "collection" => Target::Document(DocumentKind::CollectionList, None),
        "partners" => Target::Document(DocumentKind::PartnerList, None),
        section => Target::Here(anchor(section.trim_start_matches('#'))),
    }
}

fn filled(text: &str, operator: &Operator, language: Language) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        out.push_str(before);
        out.push_str(match name {
            "company" => operator.company.in_(language),
            "address" => operator.address.in_(language),
            "service" => operator.service_contact.in_(language),
            "email" => &operator.department_email,
            "office" => operator.department_address.in_(language),
            "officer" => operator.officer.in_(language),
            "country" => operator.country.in_(language),
            _ => "",
        });
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Separator of the things in a list of fields, roles or recipients.
pub(super) const fn comma(language: Language) -> &'static str {
    match language {
        Language::En => ", ",
        Language::Zh => "、",
    }
}

pub(super) const fn semicolon(language: Language) -> &'static str {
    match language {
        Language::En => "; ",
        Language::Zh => "；",
    }
}

pub(super) const fn colon(language: Language) -> &'static str {
    match language {
        Language::En => ": ",
        Language::Zh => "：",
    }
}

/// A term of the appendix: its anchor, what the definition is headed, and how the text writes it (longest first).
pub(super) struct Term {
    pub id: &'static str,
    pub name: Words,
    pub written_en: &'static [&'static str],
    pub written_zh: &'static [&'static str],
    pub means: Words,
}

impl Term {
    fn written(&self, language: Language) -> &'static [&'static str] {
        match language {
            Language::En => self.written_en,
            Language::Zh => self.written_zh,
        }
    }
}

/// The first use of each term in a section becomes a link to its definition (0-a.5).
pub(super) fn link_terms(section: &mut Section, terms: &[Term], language: Language) {
    let mut linked = vec![false; terms.len()];
    for block in &mut section.blocks {
        match block {
            Block::Paragraph(text) | Block::Note(text) => link_in(text, terms, language, &mut linked),
            Block::List(items) => items.iter_mut().for_each(|i| link_in(&mut i.text, terms, language, &mut linked)),
            Block::Entry(entry) => {
                link_in(&mut entry.says, terms, language, &mut linked);
                entry.facts.iter_mut().for_each(|fact| link_in(&mut fact.text, terms, language, &mut linked));
            }
            Block::Table(_) => {}
        }
    }
}

fn link_in(pieces: &mut Vec<Inline>, terms: &[Term], language: Language, linked: &mut [bool]) {
    let mut at = 0;
    while at < pieces.len() {
        let Inline::Text(text) = &pieces[at] else {
            at += 1;
            continue;
        };
        let Some((term, start, end)) = first_term(text, terms, language, linked) else {
            at += 1;
            continue;
        };
        linked[term] = true;
        let link = Inline::Link { to: Target::Here(terms[term].id.to_owned()), text: text[start..end].to_owned() };
        let around = [text[..start].to_owned(), text[end..].to_owned()];
        let [before, after] = around.map(Inline::Text);
        pieces.splice(at..=at, [before, link, after].into_iter().filter(|piece| !piece.words().is_empty()));
    }
}

/// The earliest term in `text` that is not linked yet; of two that begin together, the longer one.
fn first_term(text: &str, terms: &[Term], language: Language, linked: &[bool]) -> Option<(usize, usize, usize)> {
    let lower = text.to_ascii_lowercase();
    let mut best: Option<(usize, usize, usize)> = None;
    for (term, known) in terms.iter().enumerate() {
        for written in known.written(language) {
            let Some(start) = find_word(&lower, written, language) else { continue };
            let end = start + written.len();
            if best.is_none_or(|(_, s, e)| start < s || (start == s && end > e)) {
                best = Some((term, start, end));
            }
        }
    }
    // A linked term hides the shorter ones inside it: what follows it is looked at, not what it holds.
    let (term, start, end) = best?;
    if !linked[term] {
        return Some((term, start, end));
    }
    first_term(&text[end..], terms, language, linked).map(|(term, s, e)| (term, s + end, e + end))
}

fn find_word(text: &str, word: &str, language: Language) -> Option<usize> {
    text.match_indices(word).map(|(at, _)| at).find(|&at| {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        let letter = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphabetic() || c == '-');
        language == Language::Zh || (!letter(before) && !letter(after))
    })
}
