//! The documents over a small map of their own.

use super::*;
use crate::fields::*;
use crate::map::Map;
use crate::recipients::*;
use crate::{
    Basis, ColumnInfo, ColumnKind, Duty, Field as _, OnErase, Purpose as _, PurposeInfo, Recipient as _, RecordInfo,
    Reference, Subject,
};
use std::collections::HashSet;

crate::purpose! { RegisterAccount {
    section "2.1.1", basis Contract,
    says "We use your mobile number, a member name and a password to open your account."
        / "我们使用您的手机号码、会员名和密码为您注册账号。",
    requires [MobilePhone, MemberName, PasswordHash, VerificationCode],
    accepts [PreferredLanguage], reads [],
    discloses [SmsGateway(MobilePhone, VerificationCode)],
    roles [Own, Job],
    keep [Cancelled + 0 Days => Shred, Answered + 10 Minutes => Delete only (VerificationCode)],
    refusal "Without them you can still browse and search." / "不提供的，您仍可浏览和搜索。",
} }

crate::purpose! { PlaceOrder {
    section "2.3.2", basis Contract,
    says "To deliver your order we need the consignee's name, address and telephone."
        / "为完成订单配送，我们需要收货人姓名、地址和电话。",
    requires [ConsigneeName, ConsigneeAddress, ConsigneePhone, OrderNumber],
    accepts [OrderNote], reads [],
    discloses [Courier(ConsigneeName, ConsigneePhone), Seller(ConsigneeName, OrderNumber)],
    roles [Own, Buyer],
    keep [OrderCompleted + 3 Years => Anonymise],
    refusal "No delivery without them." / "不提供则无法配送。",
} }

crate::purpose! { BindPayout {
    section "2.3.3", basis SeparateConsent,
    says "If you agree separately, we keep the account to which we pay out."
        / "经您单独同意，我们保存用于向您结算的账户。",
    requires [SettlementAccount], accepts [], reads [MemberName],
    discloses [PaymentProvider(SettlementAccount)],
    roles [Own, Finance],
    keep [Removed + 0 Days => Delete, Withdrawn + 1 Months => Delete],
    refusal "No payouts to an account." / "无法向账户结算。",
} }

crate::purpose! { KeepTransactionRecords {
    section "5.1", basis LegalObligation by "E-commerce Law 31" / "《电子商务法》第31条",
    says "The law has us keep trade information for three years from completion."
        / "法律要求交易信息自交易完成之日起保存不少于三年。",
    requires [], accepts [], reads [OrderNumber],
    discloses [PublicAuthority(OrderNumber)],
    roles [Legal],
    keep [OrderCompleted + 3 Years => Anonymise],
    refusal "It cannot be refused; only this duty uses it." / "该义务不可拒绝，信息仅用于履行该义务。",
} }

static ORDERS: RecordInfo = RecordInfo {
    table: "consignee",
    key: &["id"],
    subjects: &[Subject { column: "person", on_erase: OnErase::Shred }],
    keep: &["PlaceOrder"],
    since: "completed_at",
    refers: &[Reference { column: "order_id", table: "purchase_order" }],
    columns: &[
        ColumnInfo { name: "person", kind: ColumnKind::Plain("random id") },
        ColumnInfo {
            name: "name",
            kind: ColumnKind::Sealed {
                field: &<ConsigneeName as crate::Field>::INFO,
                subject: "person",
                duty: Duty::Trade,
            },
        },
        ColumnInfo { name: "number", kind: ColumnKind::Field(&<OrderNumber as crate::Field>::INFO) },
    ],
};

static REGISTER: PurposeInfo = RegisterAccount::INFO;
static ORDER: PurposeInfo = PlaceOrder::INFO;
static PAYOUT: PurposeInfo = BindPayout::INFO;
static RECORDS: PurposeInfo = KeepTransactionRecords::INFO;

fn map() -> Map {
    Map { purposes: vec![&REGISTER, &ORDER, &PAYOUT, &RECORDS], records: vec![&ORDERS] }
}

/// `map()` with one purpose otherwise.
fn altered(change: impl FnOnce(&mut PurposeInfo)) -> Map {
    let mut purpose = PlaceOrder::INFO;
    change(&mut purpose);
    let mut map = map();
    map.purposes[1] = Box::leak(Box::new(purpose));
    map
}

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn edition() -> Edition {
    Edition { version: 1, updated: day("2026-11-24"), effective: day("2026-12-04") }
}

fn operator() -> Operator {
    let partner = |recipient: &str| PartnerEntity {
        recipient: recipient.to_owned(),
        legal_name: OwnWords::new(format!("{recipient} Ltd"), format!("{recipient}有限公司")),
        contact: OwnWords::same("privacy@partner.example"),
        place: OwnWords::new("Hangzhou, China", "中国杭州"),
        agreement: "A-17".to_owned(),
        assessed_on: day("2026-10-01"),
        next_assessment: day("2027-10-01"),
    };
    Operator {
        company: OwnWords::new("Yiwu **Market** [Ltd]", "义乌市场有限公司"),
        address: OwnWords::new("1 Market Street, Yiwu", "义乌市市场路1号"),
        service_contact: OwnWords::same("0579-8500 0000"),
        department_email: "privacy@market.example".to_owned(),
        department_address: OwnWords::new("Room 3, 1 Market Street", "市场路1号3室"),
        officer: OwnWords::new("Li Wei", "李伟"),
        country: OwnWords::new("China", "中国"),
        partners: ["SmsGateway", "Courier", "PaymentProvider"].map(partner).into(),
    }
}

fn policy(language: Language) -> Document {
    privacy_policy(&map(), &operator(), language, edition())
}

/// Every piece of a document.
fn pieces(document: &Document) -> Vec<Inline> {
    let of_block = |block: &Block| -> Vec<Inline> {
        match block {
            Block::Paragraph(text) | Block::Note(text) => text.clone(),
            Block::List(items) => items.iter().flat_map(|item| item.text.clone()).collect(),
            Block::Table(table) => table.rows.iter().flatten().flatten().cloned().collect(),
            Block::Entry(entry) => {
                entry.says.iter().chain(entry.facts.iter().flat_map(|fact| &fact.text)).cloned().collect()
            }
        }
    };
    document.sections.iter().flat_map(|section| &section.blocks).flat_map(of_block).collect()
}

/// Every anchor that a document offers.
fn anchors(document: &Document) -> Vec<String> {
    let mut all: Vec<String> = document.sections.iter().map(|section| section.id.clone()).collect();
    for block in document.sections.iter().flat_map(|section| &section.blocks) {
        match block {
            Block::Entry(entry) => all.push(entry.id.clone()),
            Block::List(items) => all.extend(items.iter().filter_map(|item| item.id.clone())),
            _ => {}
        }
    }
    all
}

#[test]
fn the_fixture_is_publishable() {
    assert_eq!(faults(&map(), &operator()), Vec::<String>::new());
}

#[test]
fn what_is_missing_is_told_before_publishing() {
    let mut operator = operator();
    operator.officer = OwnWords::new("Li Wei", " ");
    operator.partners[1].place = OwnWords::same("Bremen, Germany");
    operator.partners.remove(0);
    let map = altered(|purpose| {
        purpose.section = "99.1";
        purpose.keep = &[];
    });
    let faults = faults(&map, &operator).join("\n");
    for part in
        ["officer", "no company is configured for SmsGateway", "5.2-a.1: Courier", "no section 99.1", "5.1-a.S1"]
    {
        assert!(faults.contains(part), "{part} in\n{faults}");
    }
}

/// 2-a.1: each purpose stands once, under its own section and kind.
#[test]
fn every_purpose_appears_exactly_once() {
    for language in Language::ALL {
        let document = policy(language);
        let ids: Vec<_> = document.entries().map(|entry| entry.id.as_str()).collect();
        assert_eq!(ids.len(), map().purposes.len());
        for purpose in map().purposes {
            assert_eq!(ids.iter().filter(|id| **id == anchor_of_purpose(purpose.id)).count(), 1, "{}", purpose.id);
            let section = document.section(&anchor(purpose.section)).unwrap();
            assert!(
                section.blocks.iter().any(|b| matches!(b, Block::Entry(e) if e.id == anchor_of_purpose(purpose.id)))
            );
        }
        // A purpose with a section that the policy does not know is not lost.
        let strayed = privacy_policy(&altered(|p| p.section = "99.1"), &operator(), language, edition());
        assert_eq!(strayed.entries().count(), map().purposes.len());
    }
}

/// 5.1-a.S1: no purpose without a printed term, in policy and list.
#[test]
fn every_purpose_prints_its_term() {
    for language in Language::ALL {
        let document = policy(language);
        for entry in document.entries() {
            let purpose = map().purposes.iter().copied().find(|p| anchor_of_purpose(p.id) == entry.id).unwrap();
            let printed = term(purpose, language);
            assert!(!printed.is_empty());
            assert!(entry.facts.iter().any(|fact| plain(&fact.text) == printed), "{printed}");
        }
        let list = collection_list(&map(), language, edition());
        for block in list.sections.iter().flat_map(|s| &s.blocks) {
            if let Block::Table(table) = block {
                assert!(table.rows.iter().all(|row| row.len() == 6 && row.iter().all(|cell| !plain(cell).is_empty())));
            }
        }
    }
}

#[test]
fn terms_read_as_sentences() {
    let en = |purpose| term(purpose, Language::En);
    let zh = |purpose| term(purpose, Language::Zh);
    assert_eq!(en(&ORDER), "kept until 3 years after completion of the order, then made anonymous");
    assert_eq!(zh(&ORDER), "自交易完成之日起保存3年，之后匿名化");
    assert_eq!(
        en(&REGISTER),
        "one-time code: kept until 10 minutes after the answer, then deleted; \
         the rest: deleted and its key destroyed at once upon cancellation of the account"
    );
    assert_eq!(zh(&REGISTER), "验证码：自答复时起保存10分钟，之后删除；其余信息：账号注销后立即删除并销毁密钥");
    assert_eq!(
        en(&PAYOUT),
        "deleted at once upon your removing it; kept until 1 month after withdrawal of consent, then deleted \
         (whichever comes first)"
    );
    assert_eq!(zh(&PAYOUT), "您移除后立即删除；自撤回同意之日起保存1个月，之后删除（以先到者为准）");
}

/// 0-a.3: sensitive fields and separate consents are marked in both languages, wherever they stand.
#[test]
fn what_concerns_most_is_marked() {
    for language in Language::ALL {
        let name = SettlementAccount::INFO.name(language);
        let list = collection_list(&map(), language, edition());
        let partners = partner_list(&map(), &operator(), language, edition());
        for document in [policy(language), list, partners] {
            let all = pieces(&document);
            assert!(all.iter().any(|p| matches!(p, Inline::Marked(text) if text == name)), "{:?}", document.kind);
            assert!(!all.iter().any(|p| matches!(p, Inline::Text(text) if text == name)), "{:?}", document.kind);
        }
        let document = policy(language);
        let entry = document.entries().find(|entry| entry.id == "p-BindPayout").unwrap();
        assert!(matches!(&entry.says[0], Inline::Marked(text) if text == PAYOUT.says.in_(language)));
        let ground = plain(&entry.facts[0].text);
        assert!(ground.starts_with(Basis::SeparateConsent.words().in_(language)));
        // 0-a.3: giving away is marked as well.
        assert!(
            pieces(&document).iter().any(|p| matches!(p, Inline::Marked(t) if t == Courier::INFO.words.in_(language)))
        );
    }
}

/// 0-a.8: eight parts and the appendix, in the order of the seed.
#[test]
fn the_contents_keep_their_order() {
    let heads = |language| -> Vec<String> {
        policy(language)
            .sections
            .iter()
            .filter(|s| s.level == 1)
            .map(|s| format!("{} {}", s.number, s.heading))
            .collect()
    };
    assert_eq!(
        heads(Language::En),
        [
            " Introduction",
            "1 Scope",
            "2 Collection and use",
            "3 Partners, transfer and disclosure",
            "4 Your rights",
            "5 Storage",
            "6 Updates of this policy",
            "7 Minors",
            "8 Contact",
            " Appendix"
        ]
    );
    assert_eq!(
        heads(Language::Zh),
        [
            " 引言",
            "1 适用范围",
            "2 信息的收集和使用",
            "3 数据使用涉及的合作方及个人信息的转移、公开",
            "4 您的权利",
            "5 信息的存储",
            "6 政策更新",
            "7 未成年人保护",
            "8 联系我们",
            " 附录"
        ]
    );
    let numbers: Vec<String> = policy(Language::En).sections.iter().map(|s| s.number.clone()).collect();
    let two: Vec<_> = numbers.iter().filter(|n| n.starts_with("2.")).map(String::as_str).collect();
    assert_eq!(
        two.join(" "),
        "2.1 2.1.1 2.1.2 2.1.3 2.2 2.2.1 2.2.2 2.2.3 2.3 2.3.1 2.3.2 2.3.3 2.4 2.5 2.5.1 2.5.2 2.5.3 \
         2.6 2.6.1 2.6.2 2.6.3 2.6.4 2.6.5 2.7 2.8 2.8.1 2.8.2 2.9"
    );
}

/// 0-a.8: every section of the crosswalk has its own anchor.
#[test]
fn every_section_of_the_checklist_is_there() {
    let known = "0 1 2 3.1.1 3.1.2 3.1.3 3.1.4 3.1.5-1A 3.1.5-1B 3.1.5-1C 3.1.5-2 3.1.5-3 3.1.5-4 3.2 3.3 3.4 3.5-1 \
                 3.5-2 3.5-3 3.5-4 3.5-5 4.1 4.2 4.3 4.4 4.5 4.6 4.7 5.1 5.2 5.3 5.3.1 5.3.2 5.3.3 5.3.4 6 7 8 A-a A-b";
    let document = policy(Language::En);
    for id in known.split_whitespace() {
        assert!(document.section(&anchor(id)).is_some(), "{id}");
    }
}

#[test]
fn anchors_are_unique_and_links_lead_somewhere() {
    for language in Language::ALL {
        let documents = [
            policy(language),
            collection_list(&map(), language, edition()),
            partner_list(&map(), &operator(), language, edition()),
        ];
        let offered: Vec<(DocumentKind, Vec<String>)> = documents.iter().map(|d| (d.kind, anchors(d))).collect();
        for (kind, all) in &offered {
            assert_eq!(all.iter().collect::<HashSet<_>>().len(), all.len(), "{kind:?}");
        }
        for document in &documents {
            for piece in &pieces(document) {
                let Inline::Link { to, text } = piece else { continue };
                assert!(!text.is_empty());
                let (kind, id) = match to {
                    Target::Here(id) => (document.kind, Some(id)),
                    Target::Document(kind, id) => (*kind, id.as_ref()),
                    Target::Mail(address) => {
                        assert_eq!(*address, operator().department_email);
                        continue;
                    }
                };
                let all = &offered.iter().find(|(k, _)| *k == kind).unwrap().1;
                assert!(id.is_none_or(|id| all.contains(id)), "{kind:?} {id:?}");
            }
        }
    }
}

/// 0-a.5: a term of the appendix is linked where the text first uses it; the operator's words are never markup.
#[test]
fn terms_link_and_the_operator_is_quoted() {
    for language in Language::ALL {
        let document = policy(language);
        let introduction = &document.section("s-0").unwrap().blocks;
        let links = introduction.iter().filter_map(|block| match block {
            Block::Paragraph(text) => Some(text),
            _ => None,
        });
        let to_personal = links
            .flatten()
            .filter(|p| matches!(p, Inline::Link { to: Target::Here(id), .. } if id == "d-personal"))
            .count();
        assert_eq!(to_personal, 1);
        let all = plain(&pieces(&document));
        assert!(all.contains(operator().company.in_(language)));
        for leftover in ["**", "](", "{", "}"] {
            let own = operator().company.en;
            assert!(!all.replace(&own, "").contains(leftover), "{leftover}");
        }
    }
}

/// Only what this stage does is promised: what has no purpose is named as not offered.
#[test]
fn what_is_not_built_is_not_promised() {
    let note = |language, id: &str| {
        let document = policy(language);
        let section = document.section(&anchor(id)).unwrap().clone();
        section
            .blocks
            .iter()
            .filter_map(|b| if let Block::Note(text) = b { Some(plain(text)) } else { None })
            .collect::<String>()
    };
    assert!(note(Language::En, "2.6.5").contains("Not part of this marketplace: live rooms; short films."));
    assert!(note(Language::Zh, "2.6.5").contains("本平台目前没有以下功能，也不为此收集任何个人信息：直播间；短视频。"));
    assert!(note(Language::En, "2.3.2").contains("requests for quotation"));
    assert!(!note(Language::En, "2.3.2").contains("orders;"));
    let rights = policy(Language::Zh);
    let copy = &rights.section("s-4-2").unwrap().blocks;
    assert!(copy.iter().any(
        |b| matches!(b, Block::Paragraph(t) if plain(t).contains("privacy@market.example") && plain(t).contains("15日"))
    ));
}

/// A-b.1: 22 items of device information and 16 of the log, "not collected" but for declared fields.
#[test]
fn device_items_say_yes_only_where_a_field_is_declared() {
    let document = policy(Language::En);
    let tables: Vec<_> = document
        .section("s-A-b")
        .unwrap()
        .blocks
        .iter()
        .filter_map(|b| match b {
            Block::Table(table) => Some(table),
            _ => None,
        })
        .collect();
    let rows = |at: usize| tables[at].rows.iter().map(|row| (plain(&row[0]), plain(&row[1]))).collect::<Vec<_>>();
    let (device, log) = (rows(0), rows(1));
    assert_eq!(device[..22].iter().filter(|(_, answer)| answer == "not collected").count(), 22);
    assert_eq!(device[22..], [("language".to_owned(), "collected".to_owned())]);
    assert_eq!(log.len(), 16);
    let yes: Vec<_> =
        log.iter().filter(|(_, answer)| answer != "not collected").map(|(name, _)| name.as_str()).collect();
    assert_eq!(yes, ["trade", "language"]);
}

/// 0-a.S2: every notice holds every part, over purposes and languages; 0-a.4: its words are the policy's.
#[test]
fn notices_are_whole_and_say_what_the_policy_says() {
    let mut hashes = HashSet::new();
    for language in Language::ALL {
        let document = policy(language);
        for purpose in map().purposes {
            let notice = notice(purpose, &operator(), language);
            for kind in NoticeKind::ALWAYS {
                let part = notice.part(kind).unwrap_or_else(|| panic!("{} lacks {kind:?}", purpose.id));
                assert!(!part.label.is_empty() && !plain(&part.text).trim().is_empty(), "{} {kind:?}", purpose.id);
            }
            let sensitive = purpose.fields().any(|field| field.marked());
            assert_eq!(notice.part(NoticeKind::Sensitive).is_some(), sensitive);
            assert_eq!(notice.asks, purpose.basis.asks());
            let entry = document.entries().find(|entry| entry.id == anchor_of_purpose(purpose.id)).unwrap();
            assert_eq!(plain(&notice.part(NoticeKind::Purpose).unwrap().text), plain(&entry.says));
            for kind in [NoticeKind::Ground, NoticeKind::Method, NoticeKind::Retention, NoticeKind::Refusal] {
                let words = plain(&notice.part(kind).unwrap().text);
                assert!(entry.facts.iter().any(|fact| plain(&fact.text) == words), "{} {kind:?}: {words}", purpose.id);
            }
            assert!(plain(&notice.part(NoticeKind::Operator).unwrap().text).contains(operator().company.in_(language)));
            assert_eq!(notice.hash, notice_hash(purpose, &operator(), language));
            assert_eq!(notice.hash.len(), 64);
            assert!(hashes.insert(notice.hash));
        }
    }
    let reworded = altered(|p| p.says.en = "Otherwise.");
    assert_ne!(
        notice_hash(reworded.purposes[1], &operator(), Language::En),
        notice_hash(&ORDER, &operator(), Language::En)
    );
}

/// 3.1.1-b.1: name, contact, kind, purpose, method, fields, place of each recipient in use.
#[test]
fn the_list_of_partners_names_everybody() {
    for language in Language::ALL {
        let list = partner_list(&map(), &operator(), language, edition());
        let ids: Vec<_> = list.sections.iter().map(|s| s.id.as_str()).collect();
        assert_eq!(
            ids,
            ["r-introduction", "r-Seller", "r-PaymentProvider", "r-Courier", "r-SmsGateway", "r-PublicAuthority"]
        );
        let courier = list.section("r-Courier").unwrap();
        let text = format!("{:?}", courier.blocks);
        let expected = [
            operator().partners[1].legal_name.in_(language).to_owned(),
            "privacy@partner.example".to_owned(),
            operator().partners[1].place.in_(language).to_owned(),
            Courier::INFO.kind.words().in_(language).to_owned(),
            ORDER.says.in_(language).to_owned(),
            ConsigneePhone::INFO.name(language).to_owned(),
        ];
        for words in expected {
            assert!(text.contains(&words), "{words}");
        }
        assert!(!text.contains(OrderNumber::INFO.name(language)));
    }
}

#[test]
fn markdown_holds_the_whole_policy() {
    for language in Language::ALL {
        let document = policy(language);
        let text = document.to_markdown();
        assert!(text.starts_with(&format!("# {}\n\n{}", document.title, document.dates())));
        for purpose in map().purposes {
            let words = purpose.says.in_(language).trim_end_matches(['.', '。']);
            assert!(text.contains(words), "{words}");
        }
        assert!(text.contains("## 5 ") && text.contains("{#s-5}") && text.contains("### 5.1 "));
        assert!(text.contains(&format!("**{}**", SettlementAccount::INFO.name(language))));
        assert!(text.contains("(partner-list.md") && text.contains("(mailto:privacy@market.example)"));
    }
    assert!(policy(Language::En).to_markdown().contains(r"Yiwu \*\*Market\*\* \[Ltd\]"));
    assert!(policy(Language::Zh).to_markdown().contains("更新日期：2026年11月24日"));
}

#[test]
fn the_machine_readable_policy_holds_the_map() {
    let value = machine_readable(&map(), &operator());
    assert_eq!(value["purposes"][1]["id"], "PlaceOrder");
    assert_eq!(value["purposes"][1]["discloses"][0]["fields"][1], "ConsigneePhone");
    assert_eq!(value["purposes"][0]["keep"][1]["only"][0], "VerificationCode");
    assert_eq!(
        value["purposes"][3]["law"],
        serde_json::json!({ "en": "E-commerce Law 31", "zh": "《电子商务法》第31条" })
    );
    assert_eq!(value["records"][0]["columns"][1]["duty"], "trade");
    assert_eq!(value["operator"]["company"]["zh"], "义乌市场有限公司");
    assert_eq!(value["fields"].as_array().unwrap().len(), map().fields().count());
}

mod locking {
    use super::*;
    use crate::documents::lock::LockFault;
    use crate::{Action, Disclosure, Event, Keep, Role, Term, Unit, Words};

    fn lock() -> Lock {
        Lock::first(&map(), day("2026-11-24"), day("2026-11-24")).unwrap()
    }

    /// Whether the change of the order's purpose is noticed, as what, and how grave.
    fn compared(change: impl FnOnce(&mut PurposeInfo)) -> (String, bool) {
        let changes = lock().compare(&altered(change));
        // A field that no other purpose touches goes with its purpose and is told as well.
        assert!(changes[1..].iter().all(|change| change.what.starts_with("field ")), "{changes:?}");
        (changes[0].what.clone(), changes[0].major)
    }

    #[test]
    fn an_unchanged_map_agrees_and_the_file_reads_back() {
        let text = lock().to_text();
        let read = Lock::parse(&text).unwrap();
        assert_eq!(read, lock());
        assert_eq!(read.digest(), lock().digest());
        assert_eq!(read.compare(&map()), []);
        assert_eq!(read.edition(), Edition { version: 1, updated: day("2026-11-24"), effective: day("2026-11-24") });
        assert!(text.contains("keep = [\"OrderCompleted + 3 Years => Anonymise\"]"), "{text}");
        assert!(Lock::parse("version = 1").is_err());
    }

    /// 6-b.1, 6-b.3: purpose, kind, use and objects of sharing.
    #[test]
    fn what_a_person_would_mind_is_major() {
        let keep = |term, unit| -> &'static [Keep] {
            Box::leak(Box::new([Keep {
                event: Event::OrderCompleted,
                term: Term { count: term, unit },
                action: Action::Anonymise,
                only: &[],
            }]))
        };
        type Edit = Box<dyn FnOnce(&mut PurposeInfo)>;
        let cases: Vec<(Edit, &str)> = vec![
            (Box::new(|p| p.basis = Basis::Consent), "basis"),
            (Box::new(|p| p.law = Some(Words { en: "another law", zh: "另一部法律" })), "basis"),
            (Box::new(|p| p.accepts = &[]), "optional fields -OrderNote"),
            (Box::new(|p| p.reads = &[const { &<MobilePhone as crate::Field>::INFO }]), "fields read +MobilePhone"),
            (Box::new(|p| p.discloses = &[]), "recipients"),
            (
                Box::new(|p| {
                    p.discloses = Box::leak(Box::new([
                        Disclosure {
                            recipient: const { &<Courier as crate::Recipient>::INFO },
                            fields: &[
                                const { &<ConsigneeName as crate::Field>::INFO },
                                const { &<ConsigneePhone as crate::Field>::INFO },
                                const { &<ConsigneeAddress as crate::Field>::INFO },
                            ],
                        },
                        Disclosure {
                            recipient: const { &<Seller as crate::Recipient>::INFO },
                            fields: &[
                                const { &<ConsigneeName as crate::Field>::INFO },
                                const { &<OrderNumber as crate::Field>::INFO },
                            ],
                        },
                    ]))
                }),
                "recipients",
            ),
            (Box::new(|p| p.roles = &[Role::Own, Role::Buyer, Role::Agent]), "roles +agent"),
            (Box::new(move |p| p.keep = keep(4, Unit::Years)), "term"),
            (Box::new(move |p| p.keep = keep(37, Unit::Months)), "term"),
        ];
        for (change, what) in cases {
            let (told, major) = compared(change);
            assert!(told.contains(what) && major, "{what}: {told}");
        }
        let (told, major) = compared(|p| p.keep = keep(2, Unit::Years));
        assert!(told.contains("term OrderCompleted + 3 Years") && !major, "{told}");
    }

    #[test]
    fn another_event_is_not_a_shorter_term() {
        let changes = lock().compare(&altered(|p| {
            p.keep = &[Keep {
                event: Event::Cancelled,
                term: Term { count: 1, unit: Unit::Days },
                action: Action::Anonymise,
                only: &[],
            }];
        }));
        assert!(changes.len() == 2 && changes.iter().all(|change| change.major), "{changes:?}");
    }

    #[test]
    fn wording_and_order_are_minor() {
        let (told, major) = compared(|p| p.says.zh = "为配送订单，我们需要收货人姓名、地址和电话。");
        assert_eq!((told.as_str(), major), ("PlaceOrder: wording", false));
        let (told, major) = compared(|p| p.roles = &[Role::Buyer, Role::Own]);
        assert_eq!((told.as_str(), major), ("PlaceOrder: wording", false));
        let (told, major) = compared(|p| p.section = "2.3.3");
        assert!(told.contains("section") && !major);
    }

    #[test]
    fn purposes_fields_and_records_that_come_or_go_are_found() {
        let mut smaller = map();
        smaller.purposes.pop();
        let changes = lock().compare(&smaller);
        assert_eq!(changes, [Change { what: "purpose KeepTransactionRecords: removed".to_owned(), major: true }]);
        let back = Lock::first(&smaller, day("2026-11-24"), day("2026-11-24")).unwrap().compare(&map());
        assert_eq!(back, [Change { what: "purpose KeepTransactionRecords: added".to_owned(), major: true }]);
        let mut bare = map();
        bare.records.clear();
        assert_eq!(lock().compare(&bare), [Change { what: "record consignee: removed".to_owned(), major: false }]);
    }

    /// 6-b.4 and the documents' own words.
    #[test]
    fn the_documents_own_words_are_locked() {
        let mut other = lock();
        other.rights = "0".repeat(64);
        assert!(other.compare(&map())[0].major);
        let mut other = lock();
        other.words = "0".repeat(64);
        assert_eq!(other.compare(&map()), [Change { what: "wording of the documents".to_owned(), major: false }]);
    }

    /// 0-a.2, 6-a.S1: seven days from publishing to effect, but for the first edition before the opening.
    #[test]
    fn an_edition_gives_seven_days_of_notice() {
        let before = lock();
        let again = before.next(&map(), day("2026-11-25"), day("2026-11-25")).unwrap();
        assert_eq!(again.version, 1);
        let mut opened = before;
        opened.opened = true;
        assert!(matches!(
            opened.next(&map(), day("2026-12-01"), day("2026-12-07")),
            Err(LockFault::TooSoon { earliest, .. }) if earliest == day("2026-12-08")
        ));
        let second = opened.next(&map(), day("2026-12-01"), day("2026-12-08")).unwrap();
        assert_eq!((second.version, second.opened), (2, true));
        assert_eq!(opened.next(&map(), day("2026-01-01"), day("2026-12-08")), Err(LockFault::NotLater));
        assert!(Lock::parse(&second.to_text().replace("2026-12-08", "2026-12-07")).is_err());
    }

    /// 6-b.2, 6-b.5: who answers for the policy, and how to reach them.
    #[test]
    fn changes_of_the_operator_are_told() {
        let mut now = operator();
        now.department_email = "dpo@market.example".to_owned();
        now.address = OwnWords::same("2 Market Street");
        now.partners[0].legal_name = OwnWords::same("Another Ltd");
        now.partners[1].next_assessment = day("2028-01-01");
        let changes = now.changes_since(&operator());
        let told: Vec<_> = changes.iter().map(|c| (c.what.as_str(), c.major)).collect();
        assert_eq!(
            told,
            [
                ("operator: e-mail of the privacy department", true),
                ("operator: address", false),
                ("partner added: Another Ltd (SmsGateway)", true),
                ("partner removed: SmsGateway Ltd (SmsGateway)", true),
            ]
        );
        assert_eq!(operator().changes_since(&operator()), []);
    }
}
