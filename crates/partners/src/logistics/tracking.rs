//! How far a parcel is, as the platform says it.

/// One event of a parcel's way. The parser keeps these fields only: consignee's and courier's names and telephones,
/// which platforms like to repeat, are dropped here (3.1.5-1B.2). Of what couriers write as they like only declared
/// words are kept ([`depot`], [`WhyFailed`]), for anything else may hold a name or a number in clear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrackingEvent {
    /// The platform's id of the event: the same event always has the same.
    pub event_id: String,
    pub parcel_ref: String,
    pub progress: Progress,
    /// UTC microseconds: when it happened, not when it was said.
    pub at: i64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The courier has the parcel.
    Accepted,
    /// At a depot or on the way; `place` as [`depot`] gives it, or empty.
    InTransit {
        place: String,
    },
    OutForDelivery,
    Delivered,
    /// It could not be delivered.
    Failed {
        reason: WhyFailed,
    },
}

/// Why a parcel could not be delivered: the platform's words, and nothing that a courier writes beside them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhyFailed {
    Refused,
    NobodyThere,
    Lost,
    /// None of the words that we know.
    Other,
}

impl WhyFailed {
    /// The word of the protocol, also fit for a column.
    pub const fn word(self) -> &'static str {
        match self {
            WhyFailed::Refused => "refused",
            WhyFailed::NobodyThere => "nobody_there",
            WhyFailed::Lost => "lost",
            WhyFailed::Other => "other",
        }
    }

    pub(super) fn read(said: Option<&str>) -> WhyFailed {
        let known = [WhyFailed::Refused, WhyFailed::NobodyThere, WhyFailed::Lost];
        known.into_iter().find(|why| said.map(str::trim) == Some(why.word())).unwrap_or(WhyFailed::Other)
    }
}

/// What a depot's name may end with.
const DEPOTS: [&str; 13] = [
    " hub",
    " depot",
    " sorting centre",
    " sorting center",
    " airport",
    "分拨中心",
    "转运中心",
    "集散中心",
    "分拣中心",
    "处理中心",
    "集散点",
    "枢纽",
    "机场",
];

/// The towns where couriers have depots.
#[rustfmt::skip]
const TOWNS: [(&str, &str); 72] = [
    ("Beijing", "北京"), ("Tianjin", "天津"), ("Shanghai", "上海"), ("Chongqing", "重庆"), ("Shijiazhuang", "石家庄"),
    ("Tangshan", "唐山"), ("Baoding", "保定"), ("Langfang", "廊坊"), ("Taiyuan", "太原"), ("Hohhot", "呼和浩特"),
    ("Shenyang", "沈阳"), ("Dalian", "大连"), ("Changchun", "长春"), ("Harbin", "哈尔滨"), ("Nanjing", "南京"),
    ("Suzhou", "苏州"), ("Wuxi", "无锡"), ("Changzhou", "常州"), ("Nantong", "南通"), ("Xuzhou", "徐州"),
    ("Yangzhou", "扬州"), ("Huai'an", "淮安"), ("Hangzhou", "杭州"), ("Ningbo", "宁波"), ("Wenzhou", "温州"),
    ("Jiaxing", "嘉兴"), ("Huzhou", "湖州"), ("Shaoxing", "绍兴"), ("Jinhua", "金华"), ("Yiwu", "义乌"),
    ("Taizhou", "台州"), ("Quzhou", "衢州"), ("Hefei", "合肥"), ("Wuhu", "芜湖"), ("Bengbu", "蚌埠"),
    ("Fuzhou", "福州"), ("Xiamen", "厦门"), ("Quanzhou", "泉州"), ("Nanchang", "南昌"), ("Ganzhou", "赣州"),
    ("Jinan", "济南"), ("Qingdao", "青岛"), ("Yantai", "烟台"), ("Weifang", "潍坊"), ("Linyi", "临沂"),
    ("Zhengzhou", "郑州"), ("Luoyang", "洛阳"), ("Wuhan", "武汉"), ("Ezhou", "鄂州"), ("Xiangyang", "襄阳"),
    ("Changsha", "长沙"), ("Hengyang", "衡阳"), ("Guangzhou", "广州"), ("Shenzhen", "深圳"), ("Dongguan", "东莞"),
    ("Foshan", "佛山"), ("Zhongshan", "中山"), ("Huizhou", "惠州"), ("Shantou", "汕头"), ("Nanning", "南宁"),
    ("Liuzhou", "柳州"), ("Haikou", "海口"), ("Chengdu", "成都"), ("Guiyang", "贵阳"), ("Kunming", "昆明"),
    ("Lhasa", "拉萨"), ("Xi'an", "西安"), ("Lanzhou", "兰州"), ("Xining", "西宁"), ("Yinchuan", "银川"),
    ("Urumqi", "乌鲁木齐"), ("Hong Kong", "香港"),
];

/// The name of a depot, where it is a town of the list and a kind of depot: `Hangzhou hub`, `义乌分拨中心`. Empty for
/// whatever else a courier writes there.
pub(super) fn depot(said: &str) -> String {
    let said = said.trim();
    let kind = DEPOTS.into_iter().find(|kind| said.ends_with(kind));
    let town = kind.and_then(|kind| said.strip_suffix(kind)).map(|town| town.trim_end_matches('市'));
    match town.is_some_and(|town| TOWNS.iter().any(|(en, zh)| [*en, *zh].contains(&town))) {
        true => said.to_owned(),
        false => String::new(),
    }
}

impl Progress {
    /// The word of the protocol, also fit for a column.
    pub fn word(&self) -> &'static str {
        match self {
            Progress::Accepted => "accepted",
            Progress::InTransit { .. } => "in_transit",
            Progress::OutForDelivery => "out_for_delivery",
            Progress::Delivered => "delivered",
            Progress::Failed { .. } => "failed",
        }
    }

    /// How far along the way it is; a later state never yields to an earlier one that arrives late.
    pub fn rank(&self) -> u8 {
        match self {
            Progress::Accepted => 1,
            Progress::InTransit { .. } => 2,
            Progress::OutForDelivery => 3,
            Progress::Delivered | Progress::Failed { .. } => 4,
        }
    }
}
