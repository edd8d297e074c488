//! The list of collected information (2.9-e.1) and the list of partners (3.1.1-b.1).

use super::facts::{self, partner_anchor};
use super::markdown::date;
use super::operator::{needs_entity, used_recipients};
use super::outline::{anchor, anchor_of_purpose, part};
use super::prose::{comma, prose, w};
use super::{Block, Document, DocumentKind, Edition, Fact, Inline, Item, Operator, Section, Table, Target};
use crate::{Category, FieldInfo, Language, PurposeInfo, RecipientInfo, RecipientKind, Words, map::Map};

/// Every kind of information with each purpose that touches it: scene, occasion, ground, term.
pub fn collection_list(map: &Map, language: Language, edition: Edition) -> Document {
    let mut categories: Vec<Category> = Vec::new();
    for field in map.fields() {
        if !categories.contains(&field.category) {
            categories.push(field.category);
        }
    }
    let intro = Section {
        id: "c-introduction".to_owned(),
        number: String::new(),
        heading: w("How to read this list", "清单说明").in_(language).to_owned(),
        level: 1,
        blocks: vec![Block::Paragraph(vec![
            Inline::text(
                w(
                    "Every kind of personal information that this marketplace handles, with every purpose. What is not listed is not collected. ",
                    "本清单列明本平台处理的全部个人信息及其用途，未列入的信息一律不收集。",
                )
                .in_(language),
            ),
            Inline::marked(w("Sensitive personal information is marked.", "敏感个人信息以此方式标示。").in_(language)),
        ])],
    };
    let sections = categories.into_iter().map(|category| Section {
        id: format!("c-{}", super::machine::name(category)),
        number: String::new(),
        heading: category.words().in_(language).to_owned(),
        level: 1,
        blocks: vec![Block::Table(category_table(map, category, language))],
    });
    Document {
        kind: DocumentKind::CollectionList,
        language,
        title: w("List of collected personal information", "个人信息收集清单").in_(language).to_owned(),
        edition,
        sections: std::iter::once(intro).chain(sections).collect(),
    }
}

fn category_table(map: &Map, category: Category, language: Language) -> Table {
    let head = [
        w("information", "信息"),
        w("purpose", "用途"),
        w("scene", "场景"),
        w("when", "收集时机"),
        w("ground", "处理依据"),
        w("term", "保存期限"),
    ];
    let mut rows = Vec::new();
    for field in map.fields().filter(|field| field.category == category) {
        for purpose in map.touches(field.id) {
            rows.push(vec![
                vec![facts::field_name(field, language)],
                vec![to_purpose(purpose, language)],
                scene(purpose, language),
                vec![Inline::text(facts::occasion(purpose, field).in_(language))],
                facts::basis(purpose, language),
                vec![Inline::text(facts::term_of_field(purpose, field, language))],
            ]);
        }
    }
    Table { caption: String::new(), head: head.map(|h| h.in_(language).to_owned()).into(), rows }
}

/// The purpose's sentence, as a link to its entry in the policy.
fn to_purpose(purpose: &PurposeInfo, language: Language) -> Inline {
    Inline::Link {
        to: Target::Document(DocumentKind::PrivacyPolicy, Some(anchor_of_purpose(purpose.id))),
        text: purpose.says.in_(language).to_owned(),
    }
}

fn scene(purpose: &PurposeInfo, language: Language) -> Vec<Inline> {
    match part(purpose.section) {
        None => vec![Inline::text(purpose.section)],
        Some(part) => vec![Inline::Link {
            to: Target::Document(DocumentKind::PrivacyPolicy, Some(anchor(part.id))),
            text: format!("{} {}", purpose.section, part.heading.in_(language)),
        }],
    }
}

/// Who gets something: the companies behind each recipient, its kind, and what it gets for which purpose.
pub fn partner_list(map: &Map, operator: &Operator, language: Language, edition: Edition) -> Document {
    let intro = Section {
        id: "r-introduction".to_owned(),
        number: String::new(),
        heading: w("How to read this list", "清单说明").in_(language).to_owned(),
        level: 1,
        blocks: vec![Block::Paragraph(prose(
            w(
                "These recipients get personal information from {company}, each only for the purposes and with the fields named. **Nobody else gets any.** Questions: [{email}](mail).",
                "下列接收方从{company}取得个人信息，且仅限所列用途和信息种类，**除此之外我们不向任何人提供**。如有疑问，请联系：[{email}](mail)。",
            ),
            operator,
            language,
        ))],
    };
    let sections = used_recipients(map).map(|recipient| Section {
        id: partner_anchor(recipient.id),
        number: String::new(),
        heading: recipient.words.in_(language).to_owned(),
        level: 1,
        blocks: partner_blocks(map, operator, recipient, language),
    });
    Document {
        kind: DocumentKind::PartnerList,
        language,
        title: w("List of partners", "合作方清单").in_(language).to_owned(),
        edition,
        sections: std::iter::once(intro).chain(sections).collect(),
    }
}

fn partner_blocks(map: &Map, operator: &Operator, recipient: &RecipientInfo, language: Language) -> Vec<Block> {
    let fact =
        |label: Words, text: String| Fact { label: label.in_(language).to_owned(), text: vec![Inline::text(text)] };
    let facts = [
        fact(w("Relation", "关系"), recipient.kind.words().in_(language).to_owned()),
        fact(w("Method", "提供与处理方式"), way(recipient.kind).in_(language).to_owned()),
    ];
    let items = facts.into_iter().map(|fact| {
        let mut text = vec![Inline::text(format!("{}{}", fact.label, super::prose::colon(language)))];
        text.extend(fact.text);
        Item { id: None, text }
    });
    let mut blocks = vec![Block::List(items.collect())];
    if needs_entity(recipient) {
        blocks.push(Block::Table(entities(operator, recipient, language)));
    } else {
        blocks.push(Block::Paragraph(vec![Inline::text(named_elsewhere(recipient).in_(language))]));
    }
    let head = [w("purpose", "用途"), w("information", "信息种类"), w("ground", "处理依据"), w("section", "政策章节")];
    let rows = map.purposes.iter().filter_map(|purpose| {
        let given: Vec<&'static FieldInfo> = purpose
            .discloses
            .iter()
            .filter(|d| d.recipient.id == recipient.id)
            .flat_map(|d| d.fields.iter().copied())
            .collect();
        let gives = purpose.discloses.iter().any(|d| d.recipient.id == recipient.id);
        gives.then(|| {
            vec![
                vec![to_purpose(purpose, language)],
                facts::fields(&given, language),
                facts::basis(purpose, language),
                scene(purpose, language),
            ]
        })
    });
    blocks.push(Block::Table(Table {
        caption: w("What it gets", "提供的信息").in_(language).to_owned(),
        head: head.map(|h| h.in_(language).to_owned()).into(),
        rows: rows.collect(),
    }));
    blocks
}

fn entities(operator: &Operator, recipient: &RecipientInfo, language: Language) -> Table {
    let head = [
        w("name", "名称"),
        w("contact", "联系方式"),
        w("place", "所在地"),
        w("agreement", "协议编号"),
        w("assessed", "评估日期"),
        w("next assessment", "下次评估"),
    ];
    let rows = operator.partners_of(recipient.id).map(|partner| {
        [
            partner.legal_name.in_(language).to_owned(),
            partner.contact.in_(language).to_owned(),
            partner.place.in_(language).to_owned(),
            partner.agreement.clone(),
            date(partner.assessed_on, language),
            date(partner.next_assessment, language),
        ]
        .map(|cell| vec![Inline::text(cell)])
        .into()
    });
    Table {
        caption: w("Who it is", "具体主体").in_(language).to_owned(),
        head: head.map(|h| h.in_(language).to_owned()).into(),
        rows: rows.collect(),
    }
}

/// Who a recipient is that the operator cannot name beforehand.
fn named_elsewhere(recipient: &RecipientInfo) -> Words {
    match recipient.kind {
        RecipientKind::Authority => w(
            "Name and contact stand in the authority's own letter; we tell you unless a law forbids it.",
            "具体机关的名称和联系方式以其文书为准，除法律禁止外我们将告知您。",
        ),
        RecipientKind::Public => w("Everybody who opens the page can see it.", "访问相应页面的任何人均可查看。"),
        _ => w(
            "Name and contact of the seller stand on its store page and on your order.",
            "卖家的名称和联系方式见其店铺页面及您的订单。",
        ),
    }
}

/// How a recipient of that kind gets and handles what it gets.
fn way(kind: RecipientKind) -> Words {
    match kind {
        RecipientKind::Entrusted => w(
            "sent case by case through an interface; handled only for us and as agreed",
            "按每次业务通过接口传输，仅依约定代我们处理",
        ),
        RecipientKind::Joint => w(
            "sent case by case through an interface; handled together with us as agreed",
            "按每次业务通过接口传输，依约定与我们共同处理",
        ),
        RecipientKind::Independent | RecipientKind::Affiliate => w(
            "given case by case through an interface or a page; handled under its own rules and its own responsibility",
            "按每次业务通过接口或页面提供，由其依自身规则处理并承担责任",
        ),
        RecipientKind::Authority => {
            w("handed over in the single case, in the form that the law asks", "就具体事项依法定形式提供")
        }
        RecipientKind::Overseas => w(
            "sent case by case through an interface, under the instrument named in the agreement",
            "按每次业务通过接口传输，并履行协议所载的出境手续",
        ),
        RecipientKind::Public => w("shown on public pages", "在公开页面展示"),
    }
}

/// The kinds of partners with their purposes, for 3.1.2 of the policy.
pub(super) fn partners_by_kind(map: &Map, language: Language) -> Block {
    let mut rows = Vec::new();
    for recipient in used_recipients(map) {
        let mut purposes = Vec::new();
        for purpose in &map.purposes {
            if purpose.discloses.iter().any(|d| d.recipient.id == recipient.id) {
                if !purposes.is_empty() {
                    purposes.push(Inline::text(comma(language)));
                }
                purposes.push(Inline::Link {
                    to: Target::Here(anchor_of_purpose(purpose.id)),
                    text: purpose.section.to_owned(),
                });
            }
        }
        rows.push(vec![
            vec![Inline::Link {
                to: Target::Document(DocumentKind::PartnerList, Some(partner_anchor(recipient.id))),
                text: recipient.words.in_(language).to_owned(),
            }],
            vec![Inline::text(recipient.kind.words().in_(language))],
            purposes,
        ]);
    }
    let head = [w("recipient", "接收方"), w("relation", "关系"), w("purposes under", "用途所在章节")];
    Block::Table(Table { caption: String::new(), head: head.map(|h| h.in_(language).to_owned()).into(), rows })
}
