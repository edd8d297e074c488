//! How far a parcel is, as the platform says it.

/// One event of a parcel's way. The parser keeps these fields only: consignee's and courier's names and telephones,
/// which platforms like to repeat, are dropped here (3.1.5-1B.2).
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
    /// At a depot or on the way; `place` is the depot's name, one line of at most 80 characters.
    InTransit {
        place: String,
    },
    OutForDelivery,
    Delivered,
    /// It could not be delivered; `reason` is one of the platform's words (`refused`, `nobody_there`, `lost`).
    Failed {
        reason: String,
    },
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
