//! The policy's part 3: partners, transfer of the business, disclosure.

use super::outline::{Made, Part, Say};
use super::prose::w;

/// What stands under a ground that no purpose uses.
const NOT_USED: Say =
    Say::Paragraph(w("Nothing is handled on this ground at present.", "我们目前未依据该情形处理个人信息。"));

pub(super) const PARTS: &[Part] = &[
    Part {
        id: "3",
        heading: w("Partners, transfer and disclosure", "数据使用涉及的合作方及个人信息的转移、公开"),
        says: &[Say::Paragraph(w(
            "**Information leaves the marketplace only for a declared purpose, to the recipient declared there, with the fields declared there.** Everything else the program refuses.",
            "**个人信息仅可为已列明的目的、向该目的所列的接收方、就所列的信息种类对外提供**，除此之外程序不予执行。",
        ))],
        functions: &[],
    },
    Part {
        id: "3.1", heading: w("Partners that use information", "数据使用涉及的合作方"), says: &[], functions: &[]
    },
    Part {
        id: "3.1.1",
        heading: w("Principles", "基本原则"),
        says: &[
            Say::List(&[
                w(
                    "Lawful and least: each recipient has a ground, a purpose and a list of fields, and gets nothing beyond.",
                    "合法与最小必要：每一接收方均有明确的依据、目的和信息种类，不超出范围提供。",
                ),
                w(
                    "You know and decide: who gets what is told here and beside the function; what rests on your consent you can stop.",
                    "知情与决定：信息提供给谁、提供哪些，在本政策和相应功能处均有说明；基于您同意的提供，您可以停止。",
                ),
                w(
                    "Safe: purpose and security of a partner are assessed before it gets anything, and again when the next date falls due.",
                    "安全保障：在提供任何信息前，我们对合作方的使用目的和安全能力进行评估，并按期复评。",
                ),
            ]),
            Say::Paragraph(w(
                "Names, contacts, agreements and assessments stand in the [list of partners](partners).",
                "合作方的名称、联系方式、协议和评估情况，见[合作方清单](partners)。",
            )),
        ],
        functions: &[],
    },
    Part {
        id: "3.1.2",
        heading: w("Who they are", "合作方的范围"),
        says: &[
            Say::Paragraph(w(
                "Partners are companies affiliated with us and third parties. These kinds get something, each for the purposes named:",
                "合作方包括我们的关联公司和第三方。下列各类接收方因所列用途取得个人信息：",
            )),
            Say::Made(Made::PartnersByKind),
        ],
        functions: &[],
    },
    Part {
        id: "3.1.3",
        heading: w("Entrusted processing", "委托处理"),
        says: &[
            Say::Paragraph(w(
                "An entrusted partner works for us, under an agreement, only for the purpose agreed and only with what the task needs. If it wants to use information for itself, it must ask you.",
                "受托方依据协议、仅为约定目的、就完成受托事项所必需的信息代我们处理。受托方如需用于自身目的，须另行取得您的同意。",
            )),
            Say::Made(Made::Entrusted),
        ],
        functions: &[(
            &["EntrustSellerOnboarding"],
            w("help by an entrusted provider in becoming a seller", "由受托服务商协助入驻"),
        )],
    },
    Part {
        id: "3.1.4", heading: w("Joint processing", "共同处理"), says: &[Say::Made(Made::Joint)], functions: &[]
    },
    Part { id: "3.1.5", heading: w("Occasions", "合作场景"), says: &[], functions: &[] },
    Part {
        id: "3.1.5-1A",
        heading: w("Payment services", "支付服务"),
        says: &[],
        functions: &[
            (&["TakePayment"], w("payment through the marketplace", "平台内支付")),
            (&["PayByCard"], w("payment by card on our pages", "银行卡支付")),
            (&["MeetAmlDuty"], w("passing on of anti-money-laundering information", "反洗钱信息的提供")),
            (&["PayForOthers"], w("payment by another person", "他人代付")),
        ],
    },
    Part {
        id: "3.1.5-1B",
        heading: w("Logistics services", "物流服务"),
        says: &[],
        functions: &[
            (&["DeliverGoods"], w("delivery arranged through the marketplace", "通过平台安排配送")),
            (&["TrackDelivery"], w("tracking of parcels", "物流轨迹查询")),
        ],
    },
    Part {
        id: "3.1.5-1C",
        heading: w("Channels of partners", "频道（小程序）服务"),
        says: &[],
        functions: &[(&["UseChannel"], w("channels run by partners", "合作方频道（小程序）"))],
    },
    Part {
        id: "3.1.5-2",
        heading: w("Advertising and analysis partners", "广告与分析服务"),
        says: &[Say::Without(
            &["MeasureAds", "PersonaliseAds"],
            &Say::Paragraph(w(
                "No advertising or analysis partner gets anything from this marketplace.",
                "我们不向任何广告或分析合作方提供个人信息。",
            )),
        )],
        functions: &[],
    },
    Part {
        id: "3.1.5-3",
        heading: w("Security, statistics and research", "安全、统计分析与学术研究"),
        says: &[Say::Without(
            &["EntrustSecurity", "AnalyseStability", "SupportResearch"],
            &Say::Paragraph(w(
                "No partner gets information for security services, for statistics or for research.",
                "我们不为安全服务、统计分析或学术研究向合作方提供个人信息。",
            )),
        )],
        functions: &[],
    },
    Part {
        id: "3.1.5-4",
        heading: w("Other occasions; components of other companies", "其他合作场景与第三方组件"),
        says: &[Say::Paragraph(w(
            "Whoever else can reach information by working for us stands in the [list of partners](partners). The pages load no program from another company's address (no “SDK”).",
            "其他因提供服务而可能接触个人信息的合作方，均列于[合作方清单](partners)。我们的页面不从其他公司的网址加载任何程序，未接入第三方 SDK。",
        ))],
        functions: &[],
    },
    Part {
        id: "3.2",
        heading: w("Transfer of the business", "转移"),
        says: &[Say::Paragraph(w(
            "If a merger, a division, a dissolution or a bankruptcy makes it necessary to hand information over, we tell you the name and the contact of the receiver beforehand. The receiver is bound by this policy; for another purpose or another way it needs your consent anew. Where nobody takes the business over, the information is deleted.",
            "如因合并、分立、解散、被宣告破产等原因需要转移个人信息，我们将事先向您告知接收方的名称和联系方式。接收方应当继续履行本政策；变更处理目的、处理方式的，须重新取得您的同意。无承接方的，我们将删除有关信息。",
        ))],
        functions: &[],
    },
    Part {
        id: "3.3",
        heading: w("Publication", "公开"),
        says: &[Say::Made(Made::Published)],
        functions: &[
            (&["PublishByChoice"], w("publication of your information at your own choice", "按您的选择公开个人信息")),
            (&["DiscloseViolation"], w("publication of violations by name", "具名公示违规信息")),
        ],
    },
    Part {
        id: "3.4",
        heading: w("End of operation", "停止运营"),
        says: &[Say::Paragraph(w(
            "If the marketplace or one of its functions ends, collecting for it ends at once. We tell each of you or publish the end, and then delete the information that belongs to it or make it anonymous, except what a law has us keep.",
            "如我们停止运营本平台或其中某项功能，将立即停止收集相应的个人信息，以逐一送达或公告的方式通知您，并对有关信息作删除或匿名化处理，法律要求保存的除外。",
        ))],
        functions: &[],
    },
    Part {
        id: "3.5",
        heading: w("What needs no consent", "无需征得授权同意的情形"),
        says: &[Say::Paragraph(w(
            "**On the following grounds a law allows partners to use, and us to give, information without your consent.** You are told nevertheless, unless a law forbids it. Only what a purpose below names is done on such a ground.",
            "**根据法律规定，下列情形下合作方使用以及我们对外提供个人信息无需征得您的同意。**除法律禁止外，我们仍会告知您，并且仅就以下所列用途适用。",
        ))],
        functions: &[],
    },
    Part {
        id: "3.5-1",
        heading: w("A contract at your wish", "为订立、履行您作为一方的合同所必需"),
        says: &[Say::Without(
            &["FulfilOrderBySeller"],
            &Say::Paragraph(w(
                "What goes to sellers and others so that your contract can be fulfilled stands with the functions of [part 2](#2).",
                "为履行合同而向卖家及其他主体提供的信息，见[第二部分](#2)相应功能的说明。",
            )),
        )],
        functions: &[],
    },
    Part {
        id: "3.5-2",
        heading: w("Duties of law", "为履行法定职责或者法定义务所必需"),
        says: &[Say::Without(
            &["DiscloseByLaw"],
            &Say::Paragraph(w(
                "Where a court or an authority demands something by law, it gets no more than the law and its letter name.",
                "司法机关或行政机关依法要求提供的，我们仅在法律规定和其文书载明的范围内提供。",
            )),
        )],
        functions: &[],
    },
    Part {
        id: "3.5-3",
        heading: w("Emergencies", "应对突发公共卫生事件或紧急情况下保护生命健康和财产安全"),
        says: &[Say::Without(&["ProtectLife"], &NOT_USED)],
        functions: &[],
    },
    Part {
        id: "3.5-4",
        heading: w("Public interest", "为公共利益实施新闻报道、舆论监督"),
        says: &[Say::Without(&["ReportInPublicInterest"], &NOT_USED)],
        functions: &[],
    },
    Part {
        id: "3.5-5",
        heading: w("Information already public", "已经合法公开的个人信息"),
        says: &[Say::Without(&["UsePublicInformation"], &NOT_USED)],
        functions: &[],
    },
    Part {
        id: "3.5-6",
        heading: w("Other grounds of law", "法律规定的其他情形"),
        says: &[Say::Paragraph(w(
            "No other ground is used unless this policy names it first.",
            "如需适用其他法定情形，我们将事先在本政策中列明。",
        ))],
        functions: &[],
    },
];
