//! The privacy policy, part by part in its own order (0-a.8).

use super::operator::used_recipients;
use super::outline::{Made, Part, Say, anchor, anchor_of_purpose, part, parts};
use super::prose::{colon, comma, link_terms, prose, semicolon, w};
use super::text_rights::{DEVICE_ITEMS, LOG_ITEMS, TERMS};
use super::{Block, Document, DocumentKind, Edition, Inline, Item, Operator, Section, Table, Target, facts, lists};
use crate::{Basis, Category, Kind, Language, PurposeInfo, RecipientKind, Words, map::Map};

/// The policy of `edition` in one language. Every purpose of the map stands in it exactly once.
pub fn privacy_policy(map: &Map, operator: &Operator, language: Language, edition: Edition) -> Document {
    let writer = Writer { map, operator, language };
    Document {
        kind: DocumentKind::PrivacyPolicy,
        language,
        title: w("Privacy policy", "隐私政策").in_(language).to_owned(),
        edition,
        sections: parts().map(|part| writer.section(part)).collect(),
    }
}

/// A purpose whose section the policy does not know is printed here; `faults` reports it.
const UNKNOWN_SECTIONS: &str = "2.9";

struct Writer<'a> {
    map: &'a Map,
    operator: &'a Operator,
    language: Language,
}

impl Writer<'_> {
    fn section(&self, part: &Part) -> Section {
        let mut blocks = Vec::new();
        for say in part.says {
            self.say(say, &mut blocks);
        }
        self.entries(part, &mut blocks);
        blocks.extend(self.not_offered(part));
        let mut section = Section {
            id: anchor(part.id),
            number: part.number().to_owned(),
            heading: part.heading.in_(self.language).to_owned(),
            level: part.level(),
            blocks,
        };
        if part.id != "A-a" {
            link_terms(&mut section, TERMS, self.language);
        }
        section
    }

    fn say(&self, say: &Say, blocks: &mut Vec<Block>) {
        match say {
            Say::Paragraph(words) => blocks.push(Block::Paragraph(self.prose(*words))),
            Say::Note(words) => blocks.push(Block::Note(self.prose(*words))),
            Say::List(items) => blocks.push(list(items.iter().map(|words| self.prose(*words)))),
            Say::With(purposes, say) if self.has(purposes) => self.say(say, blocks),
            Say::Without(purposes, say) if !self.has(purposes) => self.say(say, blocks),
            Say::With(..) | Say::Without(..) => {}
            Say::Made(made) => blocks.extend(self.made(*made)),
        }
    }

    fn prose(&self, words: Words) -> Vec<Inline> {
        prose(words, self.operator, self.language)
    }

    fn text(&self, words: Words) -> Inline {
        Inline::text(words.in_(self.language))
    }

    fn has(&self, purposes: &[&str]) -> bool {
        purposes.iter().any(|id| self.map.purpose(id).is_some())
    }

    /// The purposes printed in the part, grouped by kind (2-a.1).
    fn entries(&self, here: &Part, blocks: &mut Vec<Block>) {
        let belongs = |purpose: &PurposeInfo| part(purpose.section).map_or(UNKNOWN_SECTIONS, |part| part.id) == here.id;
        for kind in [Kind::Basic, Kind::Additional, Kind::Legal] {
            let mut first = true;
            for purpose in self.map.purposes.iter().filter(|p| p.basis.kind() == kind && belongs(p)) {
                if std::mem::take(&mut first) {
                    let name = match kind {
                        Kind::Basic => w("Basic functions:", "基本功能："),
                        Kind::Additional => {
                            w("Additional functions, off until you agree:", "附加功能（经您同意后开启）：")
                        }
                        Kind::Legal => w("By law:", "依法处理："),
                    };
                    blocks.push(Block::Paragraph(vec![self.text(name)]));
                }
                blocks.push(Block::Entry(facts::entry(purpose, self.language)));
            }
        }
    }

    /// What a marketplace of this kind could do here and this one does not.
    fn not_offered(&self, part: &Part) -> Option<Block> {
        let missing: Vec<&str> = part
            .functions
            .iter()
            .filter(|(purposes, _)| !self.has(purposes))
            .map(|(_, words)| words.in_(self.language))
            .collect();
        if missing.is_empty() {
            return None;
        }
        let missing = missing.join(semicolon(self.language));
        Some(Block::Note(vec![Inline::text(match self.language {
            Language::En => format!("Not part of this marketplace: {missing}. Nothing is collected for it."),
            Language::Zh => format!("本平台目前没有以下功能，也不为此收集任何个人信息：{missing}。"),
        })]))
    }

    fn made(&self, made: Made) -> Vec<Block> {
        match made {
            Made::Contents => self.contents(),
            Made::Permissions => vec![self.permissions()],
            Made::PartnersByKind => vec![lists::partners_by_kind(self.map, self.language)],
            Made::Entrusted => vec![self.of_kind(
                RecipientKind::Entrusted,
                w("Entrusted at present: ", "目前的受托处理方："),
                w("Nobody is entrusted at present.", "目前没有受托处理方。"),
            )],
            Made::Joint => vec![self.of_kind(
                RecipientKind::Joint,
                w(
                    "Together with us, under an agreement on rights and duties (you may claim against each of us), handle: ",
                    "下列主体依据约定与我们共同处理个人信息，您可以向任何一方主张权利：",
                ),
                w("We handle nothing jointly with others.", "我们目前不与任何主体共同处理个人信息。"),
            )],
            Made::Published => self.made_public(),
            Made::OwnPages => self.own_pages(),
            Made::Withdrawable => self.withdrawable(),
            Made::NotWithdrawable => self.not_withdrawable(),
            Made::Contact => vec![self.contact()],
            Made::Definitions => vec![self.definitions()],
            Made::DeviceItems => vec![self.items(
                w("Device information", "设备信息"),
                DEVICE_ITEMS,
                Some(Category::Device),
            )],
            Made::LogItems => vec![self.items(w("Service log", "服务日志信息"), LOG_ITEMS, None)],
        }
    }

    fn contents(&self) -> Vec<Block> {
        let heads = parts().filter(|part| part.level() == 1 && part.id != "0").map(|part| {
            let number = if part.number().is_empty() { String::new() } else { format!("{} ", part.number()) };
            let text = format!("{number}{}", part.heading.in_(self.language));
            vec![Inline::Link { to: Target::Here(anchor(part.id)), text }]
        });
        vec![
            Block::Paragraph(vec![
                self.text(w("This policy has eight parts and an appendix:", "本政策包括以下八个部分和附录：")),
            ]),
            list(heads),
        ]
    }

    /// 2.8.1: which permission of the device which function asks for.
    fn permissions(&self) -> Block {
        const PERMISSIONS: [(Words, &[&str]); 6] = [
            (
                w("camera", "相机"),
                &[
                    "SearchByPhoto",
                    "RealPersonAuthentication",
                    "PublishContent",
                    "PublishShortVideo",
                    "CoHostLive",
                    "MakeFriends",
                ],
            ),
            (w("microphone", "麦克风"), &["AnswerByVoice", "CoHostLive", "PublishShortVideo"]),
            (w("place", "位置"), &["UsePlace", "AttachPlace"]),
            (w("notifications", "通知"), &["PushNotices"]),
            (w("clipboard", "剪贴板"), &["OpenShare"]),
            (w("background work", "后台运行"), &["PushNotices"]),
        ];
        let rows: Vec<Vec<Vec<Inline>>> = PERMISSIONS
            .iter()
            .filter_map(|(name, purposes)| {
                let used: Vec<_> = purposes.iter().filter_map(|id| self.map.purpose(id)).collect();
                (!used.is_empty()).then(|| vec![vec![self.text(*name)], self.purposes(&used)])
            })
            .collect();
        if rows.is_empty() {
            return Block::Paragraph(self.prose(w(
                "The pages ask your device for no permission: not for camera, microphone, place, notifications, clipboard or work in the background.",
                "平台页面不申请任何系统权限，包括相机、麦克风、位置、通知、剪贴板和后台运行。",
            )));
        }
        Block::Table(Table {
            caption: w(
                "Each is asked for when you use the function, and can be closed at any time",
                "以下权限仅在您使用相应功能时申请，您可随时关闭",
            )
            .in_(self.language)
            .to_owned(),
            head: [w("permission", "权限"), w("used for", "用途")].map(|h| h.in_(self.language).to_owned()).into(),
            rows,
        })
    }

    /// Links to entries, by their sentences.
    fn purposes(&self, purposes: &[&'static PurposeInfo]) -> Vec<Inline> {
        let mut pieces = Vec::new();
        for purpose in purposes {
            if !pieces.is_empty() {
                pieces.push(Inline::text(semicolon(self.language)));
            }
            pieces.push(self.to_purpose(purpose));
        }
        pieces
    }

    fn to_purpose(&self, purpose: &PurposeInfo) -> Inline {
        let text = purpose.says.in_(self.language).trim_end_matches(['.', '。']);
        Inline::Link { to: Target::Here(anchor_of_purpose(purpose.id)), text: text.to_owned() }
    }

    fn of_kind(&self, kind: RecipientKind, some: Words, none: Words) -> Block {
        let names: Vec<&str> = used_recipients(self.map)
            .filter(|recipient| recipient.kind == kind)
            .map(|recipient| recipient.words.in_(self.language))
            .collect();
        if names.is_empty() {
            return Block::Paragraph(vec![self.text(none)]);
        }
        let end = if self.language == Language::Zh { "。" } else { "." };
        Block::Paragraph(vec![self.text(some), Inline::marked(names.join(comma(self.language))), Inline::text(end)])
    }

    /// 3.3: exactly the fields that the map gives to everybody.
    fn made_public(&self) -> Vec<Block> {
        let published = self.map.purposes.iter().flat_map(|purpose| {
            let given = purpose.discloses.iter().filter(|d| d.recipient.kind == RecipientKind::Public);
            given.map(move |disclosure| (purpose, disclosure.fields))
        });
        let items: Vec<Vec<Inline>> = published
            .map(|(purpose, fields)| {
                let names: Vec<_> = fields.iter().map(|field| field.name(self.language)).collect();
                vec![
                    Inline::marked(names.join(comma(self.language))),
                    Inline::text(colon(self.language)),
                    self.to_purpose(purpose),
                ]
            })
            .collect();
        if items.is_empty() {
            return vec![Block::Paragraph(
                self.prose(w("Nothing about you is made public.", "我们不公开您的任何个人信息。")),
            )];
        }
        vec![
            Block::Paragraph(self.prose(w(
                "**Made public is only the following, and nothing else about you:**",
                "**我们仅公开下列信息，除此之外不公开您的任何个人信息：**",
            ))),
            list(items.into_iter()),
        ]
    }

    /// 4.1: what the person sees and changes without asking anybody.
    fn own_pages(&self) -> Vec<Block> {
        const PAGES: [(&str, Words); 7] = [
            ("ManageOrders", w("your orders", "我的订单")),
            ("KeepCart", w("your cart: change and empty it", "进货单：修改、清空")),
            ("KeepAddressBook", w("your saved addresses: add, change, remove", "地址簿：新增、修改、删除")),
            ("SignIn", w("where you are signed in: end any session", "登录设备：查看、退出")),
            (
                "KeepAccessLedger",
                w(
                    "who read your information for which purpose, and whom it was given to",
                    "访问与对外提供记录：谁、为何用途查看或取得了您的信息",
                ),
            ),
            ("ProveConsent", w("your consents: see and withdraw them", "授权管理：查看、撤回同意")),
            ("BuildCopy", w("a copy of your information", "个人信息副本")),
        ];
        let pages: Vec<_> = PAGES
            .iter()
            .filter(|(purpose, _)| self.map.purpose(purpose).is_some())
            .map(|(_, words)| vec![self.text(*words)])
            .collect();
        if pages.is_empty() {
            return Vec::new();
        }
        vec![
            Block::Paragraph(self.prose(w(
                "Signed in, you find these on pages of your own:",
                "登录后，您可以在个人中心自行查看和管理：",
            ))),
            list(pages.into_iter()),
        ]
    }

    /// 4.4: each consent that can be given here can be withdrawn.
    fn withdrawable(&self) -> Vec<Block> {
        let asked = self.map.purposes.iter().filter(|purpose| purpose.basis.asks());
        let items: Vec<_> = asked
            .map(|purpose| {
                vec![
                    self.to_purpose(purpose),
                    Inline::text(colon(self.language)),
                    Inline::text(purpose.refusal.in_(self.language)),
                ]
            })
            .collect();
        if items.is_empty() {
            return vec![Block::Paragraph(self.prose(w(
                "At present nothing in this marketplace rests on consent.",
                "目前本平台没有基于同意开展的处理活动。",
            )))];
        }
        vec![
            Block::Paragraph(self.prose(w(
                "These rest on your consent, which you can withdraw at any time; what ends then stands beside each:",
                "以下处理基于您的同意，您可随时撤回，撤回后的影响列于其后：",
            ))),
            list(items.into_iter()),
        ]
    }

    /// 4.4-a.3: what cannot be withdrawn, with the reason.
    fn not_withdrawable(&self) -> Vec<Block> {
        let grounds = [
            (
                &[Basis::Contract][..],
                w(
                    "**Needed for what you ask of us; it ends with the function or the account:** ",
                    "**为提供您要求的服务所必需，随功能或账号的终止而终止：**",
                ),
            ),
            (
                &[Basis::LegalObligation, Basis::VitalInterest, Basis::PublicInterest, Basis::AlreadyPublic][..],
                w("**Demanded or allowed by law; it cannot be withdrawn:** ", "**依法处理，不能撤回：**"),
            ),
        ];
        let items: Vec<_> = grounds
            .into_iter()
            .filter_map(|(bases, reason)| {
                let purposes: Vec<_> =
                    self.map.purposes.iter().copied().filter(|purpose| bases.contains(&purpose.basis)).collect();
                (!purposes.is_empty()).then(|| {
                    let mut text = self.prose(reason);
                    text.extend(self.purposes(&purposes));
                    text
                })
            })
            .collect();
        if items.is_empty() {
            return Vec::new();
        }
        vec![
            Block::Paragraph(self.prose(w("These rest on another ground:", "以下处理基于其他依据："))),
            list(items.into_iter()),
        ]
    }

    fn contact(&self) -> Block {
        list(
            [
                w("Operator: {company}, {address}", "平台运营者：{company}，{address}"),
                w("Customer service: {service}", "客户服务：{service}"),
                w(
                    "Department for the protection of personal information: [{email}](mail); office: {office}",
                    "个人信息保护专门部门：[{email}](mail)，办公地址：{office}",
                ),
                w("In charge of personal information: {officer}", "个人信息保护负责人：{officer}"),
            ]
            .into_iter()
            .map(|words| self.prose(words)),
        )
    }

    fn definitions(&self) -> Block {
        Block::List(
            TERMS
                .iter()
                .map(|term| {
                    let mut text =
                        vec![Inline::text(format!("{}{}", term.name.in_(self.language), colon(self.language)))];
                    text.extend(self.prose(term.means));
                    Item { id: Some(term.id.to_owned()), text }
                })
                .collect(),
        )
    }

    /// A-b: each item with yes or no; declared fields of the category that are none of the items follow them.
    fn items(&self, caption: Words, items: &[(Words, &[&str])], category: Option<Category>) -> Block {
        let declared = |id: &str| self.map.fields().find(|field| field.id == id);
        let mut rows = Vec::new();
        for (name, ids) in items {
            let found: Vec<_> = ids.iter().filter_map(|id| declared(id)).collect();
            let answer = if found.is_empty() {
                vec![self.text(w("not collected", "不收集"))]
            } else {
                let mut answer = vec![self.text(w("collected: ", "收集："))];
                answer.extend(facts::fields(&found, self.language));
                answer
            };
            rows.push(vec![vec![self.text(*name)], answer]);
        }
        let more = self
            .map
            .fields()
            .filter(|field| category == Some(field.category) && !items.iter().any(|(_, ids)| ids.contains(&field.id)));
        for field in more {
            let name = facts::field_name(field, self.language);
            rows.push(vec![vec![name], vec![self.text(w("collected", "收集"))]]);
        }
        Block::Table(Table {
            caption: caption.in_(self.language).to_owned(),
            head: [w("item", "项目"), w("collected", "是否收集")].map(|h| h.in_(self.language).to_owned()).into(),
            rows,
        })
    }
}

fn list(items: impl Iterator<Item = Vec<Inline>>) -> Block {
    Block::List(items.map(|text| Item { id: None, text }).collect())
}
