//! The General sort: how well the words fit, times what is published about goods. Every input stands in [`Weights`];
//! the algorithm page is written from it (2.2.3-e.S1), and none of them is about whoever asks (2.2.3-b.1).

/// In microseconds.
pub(crate) const DAY: i64 = 24 * 60 * 60 * 1_000_000;

/// The inputs of the General sort with their weights.
///
/// `general = words × (1 + sales × log10(1 + units sold) + freshness × 0.5 ^ (days since listed / half-life))`, where
/// `words` is BM25 over title, labels and description with their weights, and 1 when no words are searched.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weights {
    /// A word found in the title.
    pub title: f32,
    /// A word found in attributes, category or the shop's name.
    pub labels: f32,
    /// A word found in the description.
    pub text: f32,
    /// Each tenfold of units sold, all buyers together.
    pub sales: f64,
    /// Goods listed today; half of it after each half-life.
    pub freshness: f64,
    pub freshness_half_life_days: f64,
}

/// The weights in force.
pub const WEIGHTS: Weights =
    Weights { title: 4.0, labels: 2.0, text: 1.0, sales: 0.15, freshness: 0.3, freshness_half_life_days: 30.0 };

impl Weights {
    /// What the fit of the words is multiplied with. Times are UTC microseconds and count in whole days, so that the
    /// pages of one search agree with each other.
    pub fn of(&self, sold: i64, listed_at: i64, now: i64) -> f64 {
        let days = (now.div_euclid(DAY) - listed_at.div_euclid(DAY)).max(0) as f64;
        1.0 + self.sales * (1.0 + sold.max(0) as f64).log10()
            + self.freshness * 0.5f64.powf(days / self.freshness_half_life_days)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sold_and_new_goods_weigh_more() {
        let of = |sold, days: i64| WEIGHTS.of(sold, 1_000 * DAY, (1_000 + days) * DAY);
        assert!(of(1_000, 10) > of(10, 10));
        assert!(of(10, 1) > of(10, 40));
        assert!((of(0, 30) - 1.15).abs() < 1e-9);
        assert!((of(9, 0) - 1.45).abs() < 1e-9);
        // Clocks that disagree: nothing is newer than today.
        assert_eq!(of(10, -5), of(10, 0));
    }
}
