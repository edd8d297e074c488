//! The policy's introduction and parts 1 and 2: scope, collection and use. What belongs to a single purpose is not
//! written here but in the purpose's own declaration.

use super::outline::{Made, Part, Say};
use super::prose::w;

const fn group(id: &'static str, heading: crate::Words) -> Part {
    Part { id, heading, says: &[], functions: &[] }
}

pub(super) const PARTS: &[Part] = &[
    Part {
        id: "0",
        heading: w("Introduction", "引言"),
        says: &[
            Say::Paragraph(w(
                "This policy tells you which personal information {company} (“we”) handles when you use this marketplace, for what purpose, on what ground, for how long, who may see it, and how you decide about it. It is generated from the same declarations that the marketplace's program is built from: the program does not carry out a use that is not declared here.",
                "本政策向您说明，在您使用本平台时，{company}（以下简称“我们”）处理哪些个人信息、处理的目的与依据、保存的期限、可以查看的人员，以及您如何作出决定。本政策与平台程序源自同一份数据声明：凡本政策未列明的用途，程序不予执行。",
            )),
            Say::Paragraph(w(
                "**Passages marked like this one** concern you most: sensitive personal information, what we ask your separate consent for, whom information is given to, and where your rights have limits. Please read them before you use the function.",
                "**以此方式标示的内容**与您的权益有重大关系，包括敏感个人信息、需取得您单独同意的事项、个人信息的对外提供以及权利行使的限制，请您在使用相应功能前重点阅读。",
            )),
            Say::Paragraph(w(
                "Where a function asks something of you, a notice beside it repeats the entry of this policy that concerns it. These notices are part of this policy and bind us in the same way.",
                "您使用具体功能时，我们会在相应页面以即时告知的方式，再次展示本政策中与该功能有关的条目。即时告知是本政策的组成部分，与本政策具有同等效力。",
            )),
            Say::Paragraph(w(
                "**Agreeing to this policy is agreeing to what the basic functions need, and to nothing more.** Every additional function, everything that is not necessary, and everything sensitive that rests on consent is asked for by itself, at the moment you use it.",
                "**您同意本政策，仅表示您同意我们为提供基本功能处理必要的个人信息；**开启附加功能、处理非必要个人信息以及基于同意处理敏感个人信息，我们将在您使用时逐项另行征得您的同意。",
            )),
            Say::Paragraph(w(
                "We try to write plainly. Terms are explained in the [appendix](#A); if something is unclear, [ask us](#8).",
                "我们力求使用通俗易懂的表述，相关术语的含义见[附录](#A)。如您对本政策有任何疑问，可通过[第八部分](#8)所列方式与我们联系。",
            )),
            Say::Made(Made::Contents),
        ],
        functions: &[],
    },
    Part {
        id: "1",
        heading: w("Scope", "适用范围"),
        says: &[
            Say::Paragraph(w(
                "This policy covers everything that this marketplace serves under its own address, however you reach it: pages on a computer or a phone, and interfaces for programs.",
                "本政策适用于我们以本平台自有网址向您提供的全部页面和程序接口，无论您通过电脑、手机还是其他终端访问。",
            )),
            Say::Paragraph(w(
                "It does not govern what sellers and other third parties do under their own responsibility. **A seller who gets the information of your order answers for its own handling of it** (see [3.5-1](#3.5-1)).",
                "卖家及其他第三方以自己名义提供的服务不适用本政策，由其自行公布规则并承担责任。卖家为履行您的订单而取得的信息（见[3.5-1](#3.5-1)），**由该卖家对其自身的处理行为负责**。",
            )),
        ],
        functions: &[(&["JoinStoreMembership"], w("membership programmes of single stores", "店铺会员计划"))],
    },
    Part {
        id: "2",
        heading: w("Collection and use", "信息的收集和使用"),
        says: &[
            Say::Paragraph(w(
                "What we collect depends on the functions you use, not on your having an account. Each use is declared by itself below and belongs to one of three kinds:",
                "我们收集哪些个人信息，取决于您实际使用的功能，而不取决于您是否注册。以下逐项列明每一用途，并分为三类：",
            )),
            Say::List(&[
                w(
                    "Basic functions: what you ask of the marketplace cannot be done without the required information. If you do not give it, that function stays closed, and no other.",
                    "基本功能：缺少必要信息即无法完成您要求的服务。如您不提供，仅该项功能无法使用，不影响其他功能。",
                ),
                w(
                    "Additional functions: off until you agree, each by itself. **If you refuse or withdraw, only that function ends; prices, stock, speed and service stay the same for you.**",
                    "附加功能：在您同意之前处于关闭状态，并由您逐项选择。如您拒绝或撤回同意，**仅该项功能停止，您看到的价格、库存以及享有的速度和服务不受影响**。",
                ),
                w(
                    "Duties of law: a law obliges us, so we do not ask for consent; you are told here and cannot refuse, and we do no more than the duty demands.",
                    "法定义务：法律要求我们处理，无需征得您的同意，**您无法拒绝**；我们在此向您告知，且处理范围以履行该义务所必需为限。",
                ),
            ]),
        ],
        functions: &[],
    },
    group("2.1", w("Membership and account", "会员与账号")),
    Part {
        id: "2.1.1",
        heading: w("Basic member service", "基础会员服务"),
        says: &[Say::Paragraph(w(
            "You can browse and search without an account.",
            "您无需注册账号即可浏览和搜索商品。",
        ))],
        functions: &[
            (&["RegisterAccount"], w("accounts for members", "会员账号")),
            (&["ComputeAccountLevel"], w("account levels", "账号等级")),
            (
                &["VerifyIdentityByLaw"],
                w("identity checks by way of your payment account", "通过支付账户获取身份认证信息"),
            ),
        ],
    },
    Part {
        id: "2.1.2",
        heading: w("Additional member service", "附加会员服务"),
        says: &[],
        functions: &[
            (
                &["EnrichMemberProfile", "ShowPublicProfile"],
                w("an extended or public profile", "会员资料补充与公开展示"),
            ),
            (&["AuthorisedLogin"], w("sign-in with an account of another company", "第三方账号授权登录")),
            (&["ShowLinkedAccounts"], w("linking of accounts of affiliated products", "关联产品账号绑定")),
            (&["ManageCompanyAccount"], w("company accounts shared by colleagues", "企业多人账号")),
        ],
    },
    Part {
        id: "2.1.3",
        heading: w("Authentication", "身份认证"),
        says: &[],
        functions: &[
            (&["RetrieveAccount"], w("recovery of an account by identity document", "凭身份证件找回账号")),
            (&["RealNameAuthentication"], w("real-name authentication", "实名认证")),
            (&["RealPersonAuthentication"], w("face recognition", "人脸识别核验")),
            (&["CheckActivityEligibility"], w("eligibility checks for activities", "活动参与资格核对")),
            (&["QualifySeller"], w("qualification of sellers", "卖家资质核验")),
            (&["WithholdTax"], w("withholding of personal income tax", "个人所得税代扣代缴")),
        ],
    },
    group("2.2", w("Browsing, search and recommendation", "浏览、搜索与个性化推荐")),
    Part {
        id: "2.2.1",
        heading: w("Browsing", "浏览"),
        says: &[],
        functions: &[
            (&["KeepFavourites"], w("favourites, follows and likes", "收藏、关注和点赞")),
            (&["KeepFootprints"], w("a record of what you viewed", "浏览足迹")),
        ],
    },
    Part {
        id: "2.2.2",
        heading: w("Search", "搜索"),
        says: &[],
        functions: &[
            (&["SearchGoods"], w("search", "搜索")),
            (&["SearchByPhoto"], w("search by photo", "拍照搜索")),
            (&["KeepLocalHistory"], w("a search history", "搜索历史")),
        ],
    },
    Part {
        id: "2.2.3",
        heading: w("Personalised recommendation", "个性化推荐"),
        says: &[Say::Without(
            &["PersonaliseRecommendations", "PersonaliseAds"],
            &Say::Paragraph(w(
                "The order in which goods and stores appear does not depend on who you are or what you did before; everybody who searches alike sees alike.",
                "商品和店铺的展示顺序与您的身份及以往行为无关，相同的搜索条件对所有人呈现相同的结果。",
            )),
        )],
        functions: &[
            (&["PersonaliseRecommendations"], w("personalised recommendation", "个性化推荐")),
            (&["UsePlace"], w("use of your place", "位置信息的使用")),
            (&["PersonaliseAds"], w("personalised advertising", "个性化广告")),
        ],
    },
    group("2.3", w("Trade", "交易")),
    Part {
        id: "2.3.1",
        heading: w("Cart", "进货单（购物车）"),
        says: &[],
        functions: &[
            (&["KeepCart"], w("a cart", "进货单")),
            (&["CartReminders"], w("reminders of price cuts and frequent purchases", "降价提醒与常购商品展示")),
        ],
    },
    Part {
        id: "2.3.2",
        heading: w("Orders", "下单与订单管理"),
        says: &[Say::With(
            &["PlaceOrder"],
            &Say::Note(w(
                "**If the goods go to somebody else, that person must have agreed before you give us name, address and telephone.** The consignee has the same rights as you, without an account: see [4.7](#4.7).",
                "如您为他人下单，**请在向我们提供收货人的姓名、地址和电话前取得其同意**。收货人即使没有账号，也可依[4.7](#4.7)行使各项权利。",
            )),
        )],
        functions: &[
            (&["PlaceOrder"], w("orders", "下单")),
            (&["RequestQuotation"], w("requests for quotation", "询价")),
            (&["KeepAddressBook"], w("an address book", "地址簿")),
            (&["OrderSpecialGoods"], w("goods that need a special proof", "需额外证明的特殊商品交易")),
            (&["ClearCustoms"], w("customs clearance across the border", "跨境清关")),
            (&["IssueInvoice"], w("invoices issued through the marketplace", "通过平台开具发票")),
        ],
    },
    Part {
        id: "2.3.3",
        heading: w("Payment and delivery of goods and services", "支付与交付"),
        says: &[Say::With(
            &["TakePayment", "DeliverGoods"],
            &Say::Paragraph(w(
                "What payment companies, logistics platforms and couriers get stands under [3.1.5](#3.1.5).",
                "向支付机构、物流平台和承运快递提供的信息，详见[3.1.5](#3.1.5)。",
            )),
        )],
        functions: &[
            (&["BindPaymentAccount"], w("binding of a payment account", "绑定支付账户")),
            (&["SettleWithSeller"], w("settlement with sellers", "与卖家结算")),
            (&["GrantCredit"], w("credit for company buyers", "企业账期")),
            (&["ResolveAfterSales"], w("returns and refunds handled through the marketplace", "通过平台办理退换货")),
        ],
    },
    Part {
        id: "2.4",
        heading: w("Customer service and disputes", "客户服务与争议处理"),
        says: &[Say::Without(
            &["ServeCustomer"],
            &Say::Paragraph(w(
                "For questions about an order, customer service is reached at {service}.",
                "如您对订单有疑问，可通过以下方式联系客服：{service}。",
            )),
        )],
        functions: &[
            (&["ServeCustomer"], w("a service desk within the marketplace", "平台内的在线客服")),
            (&["RecordCall"], w("recording of calls", "通话录音")),
            (&["ResolveDispute"], w("dispute proceedings", "平台纠纷处理")),
            (&["ImproveService"], w("questionnaires", "问卷调查")),
            (
                &["AnswerByAssistant", "AnswerByVoice", "TrainAssistant"],
                w("automatic assistants and their training", "智能客服及其模型训练"),
            ),
        ],
    },
    group("2.5", w("Publishing", "信息发布")),
    Part {
        id: "2.5.1",
        heading: w("Reviews, comments and questions", "评价、评论与提问"),
        says: &[],
        functions: &[
            (&["PublishReview"], w("reviews of goods", "商品评价")),
            (&["ReplyToContent"], w("comments", "评论")),
            (&["AskMerchant"], w("public questions to sellers", "商家问答")),
        ],
    },
    Part {
        id: "2.5.2",
        heading: w("Content", "内容发布"),
        says: &[],
        functions: &[
            (&["PublishContent"], w("posts with texts, pictures or films by members", "会员发布图文或视频")),
            (&["AttachPlace"], w("places attached to posts", "为内容添加位置")),
        ],
    },
    Part {
        id: "2.5.3",
        heading: w("Personal homepage", "个人主页"),
        says: &[],
        functions: &[(&["ShowHomepage"], w("personal homepages", "个人主页"))],
    },
    group("2.6", w("Interaction", "互动交流")),
    Part {
        id: "2.6.1",
        heading: w("Messages and notifications", "消息通知"),
        says: &[],
        functions: &[
            (&["SendServiceNotice", "SendSecurityNotice"], w("notices by message", "服务与安全通知")),
            (&["InviteToResearch"], w("invitations to research", "用户体验调研邀请")),
            (&["SendCommercialMessage"], w("commercial messages", "商业性信息推送")),
            (&["PushNotices"], w("push notices", "系统推送")),
            (&["TalkWithStore"], w("conversations with stores", "与店铺聊天")),
        ],
    },
    Part {
        id: "2.6.2",
        heading: w("Friends", "亲友互动"),
        says: &[],
        functions: &[(&["MakeFriends"], w("lists of friends", "添加好友"))],
    },
    Part {
        id: "2.6.3",
        heading: w("Activities", "活动参与"),
        says: &[],
        functions: &[
            (&["JoinActivity", "JoinJointActivity"], w("prize draws and other activities", "抽奖及其他营销活动")),
            (&["ImproveFromActivities"], w("evaluation of activities", "活动数据分析")),
        ],
    },
    Part {
        id: "2.6.4",
        heading: w("Sharing", "分享互动"),
        says: &[Say::Without(
            &["OpenShare"],
            &Say::Paragraph(w("The pages do not read your clipboard.", "平台页面不会读取您的剪贴板。")),
        )],
        functions: &[(&["OpenShare"], w("share codes", "分享口令"))],
    },
    Part {
        id: "2.6.5",
        heading: w("Live rooms and short films", "直播间与短视频互动"),
        says: &[],
        functions: &[
            (&["InteractLive", "CoHostLive", "KeepLiveRecords", "PublishLiveStatistics"], w("live rooms", "直播间")),
            (&["PublishShortVideo"], w("short films", "短视频")),
        ],
    },
    Part {
        id: "2.7",
        heading: w("Security", "安全保障"),
        says: &[Say::Paragraph(w(
            "How we protect what we hold stands under [5.3](#5.3).",
            "我们对所存储信息采取的保护措施，详见[5.3](#5.3)。",
        ))],
        functions: &[
            (&["AssessRisk"], w("risk assessment from devices or behaviour", "基于设备或行为的风险判断")),
            (&["KeepSecurityLog"], w("a log of devices and visits kept for security", "用于安全目的的设备与访问日志")),
            (&["InvestigateViolation"], w("investigations into members", "针对会员的违规调查")),
        ],
    },
    group("2.8", w("System permissions and cookies", "系统权限与 Cookie")),
    Part {
        id: "2.8.1",
        heading: w("System permissions", "系统权限"),
        says: &[Say::Made(Made::Permissions)],
        functions: &[],
    },
    Part {
        id: "2.8.2",
        heading: w("Cookies and similar techniques", "Cookie 及同类技术"),
        says: &[
            Say::Paragraph(w(
                "Cookies are set for the purposes named here and for no other. You can clear or block them in your browser at any time; what then stops stands with the purpose.",
                "我们仅为本节列明的目的使用 Cookie。您可以随时在浏览器中清除或阻止 Cookie，由此受到影响的功能见各用途的说明。",
            )),
            Say::Without(
                &["MeasureAds", "PersonaliseAds"],
                &Say::Paragraph(w(
                    "We set no cookie for advertising, and no third party sets a cookie through our pages.",
                    "我们不使用广告类 Cookie，也没有第三方通过我们的页面设置 Cookie。",
                )),
            ),
        ],
        functions: &[
            (&["RememberPreferences"], w("cookies that remember preferences", "记忆偏好设置的 Cookie")),
            (&["MeasureFaults"], w("fault reports from your browser", "浏览器故障上报")),
            (&["MeasureAds"], w("measuring of advertisements", "广告效果统计")),
        ],
    },
    Part {
        id: "2.9",
        heading: w("Other rules of collection and use", "收集和使用的其他规则"),
        says: &[
            Say::List(&[
                w(
                    "Information about other persons: **give it to us only with their agreement.** They have the rights of [part 4](#4), without an account.",
                    "涉及他人的信息：**请您在取得对方同意后再向我们提供。**该等人员即使没有账号，也享有[第四部分](#4)所列权利。",
                ),
                w(
                    "Another purpose: if we want to use information for something that is not declared here, we ask for your consent first.",
                    "变更用途：如需将信息用于本政策未列明的目的，我们将事先征得您的同意。",
                ),
                w(
                    "The whole list: every kind of information with its purposes, occasions and terms stands in the [list of collected information](collection).",
                    "完整清单：各类信息的用途、场景、收集时机和保存期限，见[个人信息收集清单](collection)。",
                ),
            ]),
            Say::Without(
                &["LearnFromDeidentified"],
                &Say::Paragraph(w(
                    "We do not use personal information for machine learning, training of models or data mining, not even de-identified.",
                    "我们不将个人信息（包括去标识化后的信息）用于机器学习、模型训练或数据挖掘。",
                )),
            ),
        ],
        functions: &[],
    },
];
