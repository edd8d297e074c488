//! The policy's parts 4 to 8 and the appendix: rights, storage, updates, minors, contact, definitions.

use super::outline::{Made, Part, Say};
use super::prose::{Term, w};
use crate::Words;

/// What stands where a right has no page of its own yet.
const BY_CONTACT: Say = Say::Paragraph(w(
    "There is no page for this yet: write to the privacy department at [{email}](mail), and we answer within 15 days.",
    "该项权利暂无自助页面。请发送邮件至个人信息保护专门部门：[{email}](mail)，我们将在15日内答复。",
));

pub(super) const PARTS: &[Part] = &[
    Part {
        id: "4",
        heading: w("Your rights", "您的权利"),
        says: &[Say::Paragraph(w(
            "You may know and decide about the handling of your information, restrict it and refuse it. Where a page of the marketplace does this for you it is named below; everything else the privacy department does on request: [{email}](mail), within 15 days.",
            "您对个人信息的处理享有知情权、决定权，有权限制或者拒绝他人处理。可自助办理的，以下列明相应页面；其余事项可向个人信息保护专门部门提出：[{email}](mail)，我们将在15日内答复。",
        ))],
        functions: &[],
    },
    Part {
        id: "4.1",
        heading: w("Looking up, correcting, supplementing", "查阅、更正和补充"),
        says: &[
            Say::Made(Made::OwnPages),
            Say::Without(
                &["ReviewAndCorrect"],
                &Say::Paragraph(w(
                    "To see, correct or supplement what has no page of its own, write to the privacy department at [{email}](mail); we answer within 15 days. **Orders already placed are records of a trade and are not rewritten**; a correction is noted beside them.",
                    "没有自助页面的信息，您可通过 [{email}](mail) 向个人信息保护专门部门申请查阅、更正或补充，我们将在15日内答复。**已成立的订单属于交易记录，不作改写**，更正内容另行注明。",
                )),
            ),
        ],
        functions: &[],
    },
    Part {
        id: "4.2",
        heading: w("A copy", "复制"),
        says: &[
            Say::Paragraph(w(
                "You can have a copy of your information. **What a law forbids us to hand out, and what belongs to other persons, is left out**; the answer says what and why.",
                "您有权复制您的个人信息。**法律规定不得提供的内容以及属于他人的信息除外**，我们将在答复中说明未提供的内容和理由。",
            )),
            Say::Without(&["BuildCopy"], &BY_CONTACT),
        ],
        functions: &[],
    },
    Part {
        id: "4.3",
        heading: w("Deletion", "删除"),
        says: &[
            Say::Paragraph(w(
                "We delete by ourselves when a term ends. You can also ask for it, if:",
                "保存期限届满时我们将主动删除。有下列情形之一的，您也可以请求我们删除：",
            )),
            Say::List(&[
                w("our handling violates a law;", "我们处理个人信息违反法律、行政法规；"),
                w("we handle it without the consent that was needed;", "我们未取得应有的同意而处理您的个人信息；"),
                w("you withdrew your consent;", "您撤回了同意；"),
                w("our handling gravely breaks what we agreed with you;", "我们处理个人信息严重违反与您的约定；"),
                w(
                    "the purpose is reached, cannot be reached, or no longer needs the information;",
                    "处理目的已实现、无法实现，或者为实现处理目的不再必要；",
                ),
                w("the function has ended or the term is over.", "我们停止提供相应功能，或者保存期限已届满。"),
            ]),
            Say::Paragraph(w(
                "We tell those who got the information from us, as far as we can, and require them to delete it too, unless a law or your own agreement with them lets them keep it.",
                "我们将尽可能通知从我们处取得该信息的接收方，要求其一并删除，法律另有规定或接收方已另行取得您授权的除外。",
            )),
            Say::Paragraph(w(
                "**What a law has us keep stays until the end of the legal term, and is used for that duty only.** In backups deleted information may remain, in its encrypted form and for no other use, until the backup is replaced.",
                "**法律要求保存的信息将保存至法定期限届满，期间仅用于履行该法定义务。**备份中的相应信息可能以加密形式留存至备份更新之时，在此之前我们不会将其用于其他目的。",
            )),
            Say::Without(&["EraseData"], &BY_CONTACT),
        ],
        functions: &[],
    },
    Part {
        id: "4.4",
        heading: w("Changing and withdrawing consent", "变更授权范围与撤回同意"),
        says: &[
            Say::Made(Made::Withdrawable),
            Say::Made(Made::NotWithdrawable),
            Say::Paragraph(w(
                "After a withdrawal we stop what rested on the consent. **What was done before stays lawful.**",
                "您撤回同意后，我们将停止相应的处理。**撤回同意不影响撤回前基于您的同意已进行的处理活动的效力。**",
            )),
            Say::Without(&["ProveConsent"], &BY_CONTACT),
        ],
        functions: &[],
    },
    Part {
        id: "4.5",
        heading: w("Cancelling the account", "注销账号"),
        says: &[
            Say::Paragraph(w(
                "You can cancel your account. The service for it ends then, and what belongs to the account is deleted or made anonymous by the terms in this policy. **Orders, payments and disputes that are still open must be finished first, and what a law has us keep stays restricted to that duty.**",
                "您可以申请注销账号。注销后我们停止为该账号提供服务，并按本政策列明的期限删除或匿名化有关信息。**尚未完结的订单、款项和争议须先行处理完毕；法律要求保存的信息仅用于履行该法定义务。**",
            )),
            Say::Without(&["CancelAccount"], &BY_CONTACT),
        ],
        functions: &[],
    },
    Part {
        id: "4.6",
        heading: w("Decisions by machines", "自动化决策"),
        says: &[
            Say::Without(
                &["PersonaliseRecommendations", "AssessRisk", "ComputeAccountLevel"],
                &Say::Paragraph(w(
                    "The marketplace takes no decision about you by evaluating your information automatically: it makes no profile, sets no price and closes no account that way.",
                    "本平台不通过自动分析您的个人信息对您作出决定：不建立用户画像，不据此定价，也不据此限制账号。",
                )),
            ),
            Say::Without(
                &["ReviewAutomatedDecision"],
                &Say::Paragraph(w(
                    "If you think that the program decided something to your disadvantage, write to [{email}](mail): a person looks at it and answers within 15 days.",
                    "如您认为程序自动作出的处理影响了您的权益，请发送邮件至 [{email}](mail)，由人工复核并在15日内答复。",
                )),
            ),
        ],
        functions: &[],
    },
    Part {
        id: "4.7",
        heading: w("How we answer", "响应您的请求"),
        says: &[
            Say::Paragraph(w(
                "You, your guardian, close relatives of a person who died, consignees and others entitled may turn to customer service ({service}) or to the privacy department ([{email}](mail)), with or without an account. We answer within 15 days.",
                "您本人、监护人、逝者的近亲属、收货人以及其他有权主体，无论是否拥有账号，均可联系客服（{service}）或个人信息保护专门部门（[{email}](mail)）提出请求，我们将在15日内答复。",
            )),
            Say::Paragraph(w(
                "**First we check that the request is yours to make, with no more than that needs**: signed in, one step is enough; otherwise we may ask for a request in writing or another proof, which is destroyed when the case is closed.",
                "**为保障账号和信息安全，我们会先以适当、必要的方式核验您的身份**：已登录的，一步即可完成；未登录的，可能请您提供书面请求或其他证明，事项办结后予以销毁。",
            )),
            Say::Paragraph(w(
                "Requests are free. **For repeated ones beyond reason we may charge what they cost. We may refuse what has nothing to do with you, is repeated without reason, needs unreasonable technical effort, endangers the rights of others, or cannot be done.** A refusal names its reason and your remedies: a complaint to the authority, or a court ([part 8](#8)).",
                "请求原则上不收取费用，**对超出合理限度的重复请求，我们将视情况收取成本费用；对与您身份不直接关联、无合理理由重复申请、所需技术手段过多、给他人合法权益带来风险或不切实际的请求，我们可能予以拒绝**。拒绝时我们会说明理由和救济途径：您可向主管部门投诉或向法院起诉（见[第八部分](#8)）。",
            )),
        ],
        functions: &[],
    },
    Part { id: "5", heading: w("Storage", "信息的存储"), says: &[], functions: &[] },
    Part {
        id: "5.1",
        heading: w("How long", "存储期限"),
        says: &[
            Say::Paragraph(w(
                "We keep information only as long as its purpose needs. The term of each purpose is printed with the purpose; the [list of collected information](collection) shows them by kind of information. They follow from what the trade needs, from the safety and quality of the service, from what you agreed to, from evidence in proceedings, and from law.",
                "我们仅在实现处理目的所必需的最短时间内保存您的个人信息。各用途的保存期限随该用途列明，也可在[个人信息收集清单](collection)中按信息种类查看。期限的确定依据为：交易所需、服务的安全与质量、您的同意、诉讼举证的需要以及法律规定。",
            )),
            Say::Paragraph(w(
                "When two terms concern the same information, each purpose uses it until its own end; the longer one does not lengthen the shorter. After the term information is deleted or made anonymous.",
                "同一信息适用多个期限的，各用途分别以其自身期限为限，较长的期限不延长其他用途的使用。期限届满后，我们将删除有关信息或作匿名化处理。",
            )),
        ],
        functions: &[],
    },
    Part {
        id: "5.2",
        heading: w("Where", "存储地点"),
        says: &[
            Say::Paragraph(w("The information is stored in: {country}.", "您的个人信息存储于：{country}。")),
            Say::Without(
                &["TransferAbroad"],
                &Say::Paragraph(w(
                    "We give no personal information to recipients in another country. Should that change, you are told beforehand who gets what and how to exercise your rights there, and where the law says so you are asked separately.",
                    "我们不向境外提供个人信息。如将来确需提供，我们将事先告知您境外接收方的名称、联系方式、处理目的、处理方式、信息种类以及行使权利的方式，并依法取得您的单独同意。",
                )),
            ),
        ],
        functions: &[],
    },
    Part { id: "5.3", heading: w("How safe", "存储安全"), says: &[], functions: &[] },
    Part {
        id: "5.3.1",
        heading: w("Technical protection", "技术措施"),
        says: &[
            Say::List(&[
                w(
                    "Information declared as sealed is encrypted under keys that belong to the person alone. The keys are kept in a store apart from the data.",
                    "声明为加密存储的信息，使用仅属于该个人的密钥加密，密钥与数据分开存放。",
                ),
                w(
                    "A sealed value is opened only for a declared purpose and by a role declared there. Every reading of your sealed information by somebody else is recorded.",
                    "加密信息仅可为已列明的用途、由该用途所列的角色查看。他人每次查看您的加密信息均会留下记录。",
                ),
                w(
                    "Passwords are kept as salted one-way hashes; we cannot read them.",
                    "密码仅以加盐单向散列的形式保存，我们无法还原。",
                ),
                w("Pages are served over encrypted connections.", "页面通过加密连接传输。"),
            ]),
            Say::Paragraph(w(
                "We do not claim a certificate of an outside evaluation.",
                "我们未就本平台声称通过任何外部安全测评。",
            )),
        ],
        functions: &[],
    },
    Part {
        id: "5.3.2",
        heading: w("Organisation", "组织措施"),
        says: &[Say::Paragraph(w(
            "A department for the protection of personal information exists at {company}; in charge is {officer}. Staff see information only in the role and for the purpose that this policy names.",
            "{company}设有个人信息保护专门部门，负责人为{officer}。工作人员仅能以本政策列明的角色、为列明的用途查看个人信息。",
        ))],
        functions: &[(&["TrainStaff"], w("records of staff training", "员工培训与考核记录"))],
    },
    Part {
        id: "5.3.3",
        heading: w("Incidents", "安全事件的处置"),
        says: &[Say::Paragraph(w(
            "If information is leaked, altered or lost, we act at once to limit the harm. We tell you what happened and how it may touch you, what we have done and will do, what you can do yourself, and how we help; where we cannot reach each person, we publish it. The authority is informed as the law demands.",
            "如发生个人信息泄露、篡改、丢失，我们将立即采取措施控制损害，并告知您事件的基本情况和可能的影响、我们已采取或将采取的处置措施、您可自主防范的建议以及补救措施；难以逐一告知的，以公告方式发布。我们还将依法向主管部门报告。",
        ))],
        functions: &[],
    },
    Part {
        id: "5.3.4",
        heading: w("Your own safety", "账号安全风险的防范"),
        says: &[
            Say::Note(w(
                "**In a trade your contact and your address reach the other side.** Give them only where they are needed, keep your password to yourself, and do not pay or trade outside the marketplace on somebody's word.",
                "**交易过程中，您的联系方式和地址不可避免地会被交易对方知悉。**请仅在必要时提供，妥善保管密码，不要轻信他人而通过本平台以外的方式付款或交易。",
            )),
            Say::Paragraph(w(
                "If you fear that your account or password is known to others, tell customer service at once: {service}.",
                "如您担心账号或密码已被他人知悉，请立即联系客服：{service}。",
            )),
        ],
        functions: &[],
    },
    Part {
        id: "6",
        heading: w("Updates of this policy", "政策更新"),
        says: &[
            Say::Paragraph(w(
                "Each change is a new edition with its own dates, published at least seven days before it takes effect. **We do not narrow your rights under this policy without your explicit consent.**",
                "本政策的每次变更均形成新的版本，列明更新日期和生效日期，并在生效前至少七日公布。**未经您明确同意，我们不会限制您依据本政策享有的权利。**",
            )),
            Say::Paragraph(w(
                "Major changes we announce conspicuously, and ask you again where the law says so. **Saying nothing is not agreement.** Major is, for instance:",
                "对于重大变更，我们将以显著方式通知您，并依法重新征得您的同意，**您未作答复不视为同意**。重大变更包括但不限于：",
            )),
            Say::List(&[
                w(
                    "a purpose, a kind of information or a way of use is added or changed;",
                    "处理目的、个人信息种类或使用方式发生变化；",
                ),
                w(
                    "the company that answers for this policy changes, and with it purpose or way;",
                    "责任主体变更，且变更后的主体改变原处理目的或方式；",
                ),
                w("those who get information, or the public, change;", "个人信息提供或公开的主要对象发生变化；"),
                w("your rights, or how to exercise them, change;", "您的权利或其行使方式发生变化；"),
                w(
                    "the contact of those in charge, or where to complain, changes;",
                    "个人信息保护负责人的联系方式或投诉渠道发生变化；",
                ),
                w(
                    "an impact assessment finds a great effect on persons.",
                    "个人信息保护影响评估报告表明对个人权益有重大影响。",
                ),
            ]),
            Say::Paragraph(w(
                "Earlier editions can be had from the privacy department: [{email}](mail).",
                "您可通过 [{email}](mail) 向个人信息保护专门部门索取历史版本。",
            )),
        ],
        functions: &[],
    },
    Part {
        id: "7",
        heading: w("Minors", "未成年人保护"),
        says: &[
            Say::Paragraph(w(
                "The marketplace is made for trade between businesses, and we presume that you can conclude contracts. **If you are under 18, read this policy with your guardian and use the marketplace only with the guardian's consent.**",
                "本平台面向商业采购，我们推定您具有相应的民事行为能力。**如您未满18周岁，请在监护人陪同下阅读本政策，并在取得监护人同意后使用本平台。**",
            )),
            Say::Without(
                &["CareForMinor"],
                &Say::Paragraph(w(
                    "**Children cannot have accounts here.** If we learn that an account belongs to a child under 14, we close it and delete what belongs to it. Guardians can write to [{email}](mail).",
                    "**我们不向儿童提供账号。**如发现账号由未满14周岁的儿童使用，我们将停用该账号并删除有关信息。监护人可通过 [{email}](mail) 与我们联系。",
                )),
            ),
        ],
        functions: &[],
    },
    Part {
        id: "8",
        heading: w("Contact", "联系我们"),
        says: &[
            Say::Made(Made::Contact),
            Say::Paragraph(w(
                "We answer within 15 days. Please state the facts. **What concerns neither this policy nor your information may stay unanswered.**",
                "我们将在15日内答复，请您在来信中写明具体事实。**与本政策或您的个人信息权益无关的问题，我们可能不予回复。**",
            )),
            Say::Paragraph(w(
                "If our answer does not satisfy you, you can complain to the authority in charge of personal information or sue at the court of the defendant's domicile.",
                "如您对答复不满意，可以向履行个人信息保护职责的部门投诉、举报，或者向被告住所地有管辖权的人民法院提起诉讼。",
            )),
        ],
        functions: &[],
    },
    Part { id: "A", heading: w("Appendix", "附录"), says: &[], functions: &[] },
    Part {
        id: "A-a", heading: w("Definitions", "相关定义"), says: &[Say::Made(Made::Definitions)], functions: &[]
    },
    Part {
        id: "A-b",
        heading: w("Device information and service log: what is collected", "设备信息与服务日志信息收集情况"),
        says: &[
            Say::Paragraph(w(
                "Policies of marketplaces commonly name the following items. The tables say of each whether this marketplace collects it.",
                "以下为电商平台隐私政策通常提及的项目，我们逐项说明本平台是否收集。",
            )),
            Say::Made(Made::DeviceItems),
            Say::Made(Made::LogItems),
        ],
        functions: &[],
    },
];

/// Definitions of the appendix (A-a.1); the text links its first use of each.
pub(super) const TERMS: &[Term] = &[
    Term {
        id: "d-marketplace",
        name: w("The marketplace", "本平台"),
        written_en: &[],
        written_zh: &[],
        means: w(
            "the pages and interfaces served under the address at which you read this.",
            "指以您阅读本政策时所访问的网址提供的页面和程序接口。",
        ),
    },
    Term {
        id: "d-operator",
        name: w("We, the operator", "我们（平台运营者）"),
        written_en: &[],
        written_zh: &[],
        means: w("{company}, {address}.", "指{company}，地址：{address}。"),
    },
    Term {
        id: "d-affiliate",
        name: w("Affiliate", "关联公司"),
        written_en: &["affiliated product", "affiliates", "affiliate"],
        written_zh: &["关联公司"],
        means: w(
            "a company that controls {company}, is controlled by it, or stands under the same control.",
            "指控制{company}、受其控制或者与其受同一主体控制的公司。",
        ),
    },
    Term {
        id: "d-personal",
        name: w("Personal information", "个人信息"),
        written_en: &["personal information"],
        written_zh: &["个人信息"],
        means: w(
            "every kind of recorded information about an identified or identifiable living person; anonymous information is none.",
            "指以电子或者其他方式记录的与已识别或者可识别的自然人有关的各种信息，不包括匿名化处理后的信息。",
        ),
    },
    Term {
        id: "d-sensitive",
        name: w("Sensitive personal information", "敏感个人信息"),
        written_en: &["sensitive personal information"],
        written_zh: &["敏感个人信息"],
        means: w(
            "information whose leak or misuse easily harms a person's dignity, safety or property: biometrics, belief, specific identity, health, financial accounts, whereabouts, and everything of a child under 14.",
            "指一旦泄露或者非法使用，容易导致自然人的人格尊严受到侵害或者人身、财产安全受到危害的信息，包括生物识别、宗教信仰、特定身份、医疗健康、金融账户、行踪轨迹等信息，以及不满十四周岁未成年人的个人信息。",
        ),
    },
    Term {
        id: "d-child",
        name: w("Children", "儿童"),
        written_en: &["children", "child"],
        written_zh: &["儿童"],
        means: w("persons under 14.", "指不满十四周岁的未成年人。"),
    },
    Term {
        id: "d-entrusted",
        name: w("Entrusted processor", "受托处理方"),
        written_en: &["entrusted processor", "entrusted partner"],
        written_zh: &["受托处理方", "受托方"],
        means: w(
            "a partner that handles information for us and by our instruction, not for itself.",
            "指依据我们的委托和指示、不为自身目的处理个人信息的合作方。",
        ),
    },
    Term {
        id: "d-device",
        name: w("Device information", "设备信息"),
        written_en: &["device information"],
        written_zh: &["设备信息"],
        means: w(
            "model, identifiers, installed software, radio and sensors of a device; see the [table](#A-b).",
            "指终端设备的型号、标识符、已安装软件、通信模块和传感器等信息，收集情况见[下表](#A-b)。",
        ),
    },
    Term {
        id: "d-log",
        name: w("Service log", "服务日志信息"),
        written_en: &["service log"],
        written_zh: &["服务日志信息", "服务日志"],
        means: w(
            "what a service writes down of the use made of it; see the [table](#A-b).",
            "指服务运行中记录的使用情况，收集情况见[下表](#A-b)。",
        ),
    },
    Term {
        id: "d-deidentified",
        name: w("De-identified", "去标识化"),
        written_en: &["de-identified"],
        written_zh: &["去标识化"],
        means: w(
            "processed so that a person cannot be identified without further information, which is kept apart.",
            "指个人信息经过处理，使其在不借助额外信息的情况下无法识别特定自然人的过程，额外信息应分开保存。",
        ),
    },
    Term {
        id: "d-anonymous",
        name: w("Anonymous", "匿名化"),
        written_en: &["made anonymous", "make it anonymous", "anonymous"],
        written_zh: &["匿名化"],
        means: w(
            "processed so that a person cannot be identified and the processing cannot be undone.",
            "指个人信息经过处理无法识别特定自然人且不能复原的过程。",
        ),
    },
    Term {
        id: "d-hash",
        name: w("One-way hash", "单向散列"),
        written_en: &["one-way hashes", "one-way hash"],
        written_zh: &["单向散列"],
        means: w(
            "a value computed from another one from which the other cannot be computed back.",
            "指由原始内容计算得出、无法反推原始内容的数值。",
        ),
    },
];

/// The 22 items of device information that the seed's appendix names, and the fields that would be them (A-b.1).
pub(super) const DEVICE_ITEMS: &[(Words, &[&str])] = &[
    (w("hardware model", "硬件型号"), &["DeviceModel"]),
    (w("hardware serial number", "硬件序列号"), &[]),
    (w("list of software", "软件列表"), &[]),
    (w("list of applications", "应用安装列表"), &[]),
    (w("list of installed software", "软件安装列表"), &[]),
    (w("IMEI", "设备唯一标识 IMEI"), &[]),
    (w("MAC address", "设备 MAC 地址"), &[]),
    (w("IMSI of the SIM card", "SIM 卡 IMSI 信息"), &[]),
    (w("Android ID", "Android ID"), &[]),
    (w("MEID", "MEID"), &[]),
    (w("OpenUDID", "OpenUDID"), &[]),
    (w("GUID", "GUID"), &[]),
    (w("Bluetooth information", "蓝牙信息"), &[]),
    (w("communication of broadcast components", "广播组件通信信息"), &[]),
    (w("ICCID", "ICCID"), &[]),
    (w("telecom operator", "运营商信息"), &[]),
    (w("gyroscope", "陀螺仪传感器"), &[]),
    (w("gravity sensor", "重力传感器"), &[]),
    (w("acceleration sensor", "加速度传感器"), &[]),
    (w("environment sensor", "环境传感器"), &[]),
    (w("optical heart-rate sensor", "光学心率传感器"), &[]),
    (w("clipboard", "剪切板"), &["ClipboardLocal"]),
];

/// The 16 items of the service log that the seed's appendix names (A-b.2).
pub(super) const LOG_ITEMS: &[(Words, &[&str])] = &[
    (w("browsing", "浏览记录"), &["FootprintRecord", "BrowseTime"]),
    (w("clicks", "点击查看记录"), &["ServiceEvent"]),
    (w("searches", "搜索查询记录"), &["SearchWords", "SearchTime", "SearchRecord"]),
    (w("favourites", "收藏"), &["FavouriteRecord"]),
    (w("things put in the cart", "加入购物车"), &["CartItem"]),
    (w("trade", "交易"), &["OrderNumber", "OrderContent", "OrderCreatedAt", "AmountDue", "PaymentProgress"]),
    (w("after-sales", "售后"), &["ServiceEvidence"]),
    (w("follows", "关注"), &["FollowRecord"]),
    (w("shares", "分享"), &["ShareRecord"]),
    (w("publications", "发布"), &["ReviewText", "ReplyText", "QuestionText", "PostText", "PostPicture", "PostVideo"]),
    (w("IP address", "IP 地址"), &["IpAddress", "TryMark"]),
    (w("kind of browser", "浏览器类型"), &["BrowserType"]),
    (w("telecom operator", "电信运营商"), &[]),
    (w("language", "使用的语言"), &["PreferredLanguage"]),
    (w("date and time of visits", "访问日期和时间"), &["VisitTime", "LastLoginAt"]),
    (w("pages visited", "访问的网页记录"), &["VisitedPage"]),
];
