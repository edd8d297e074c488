//! News of payments, for the payers who wait for them: whoever comes back from the cashier is mostly a moment quicker than
//! the payment company's notification, and asking the company for what it is just telling costs both of us a call.
//!
//! Only a shortcut: it knows what this process was told, and whoever has waited in vain asks.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// Those who wait, by the payment's number.
#[derive(Default)]
pub struct Arrivals(Mutex<HashMap<String, watch::Sender<bool>>>);

impl Arrivals {
    /// From now on news of this payment are kept for the caller, who then looks whether they had come before.
    pub fn expect(&self, number: String) -> Expected<'_> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let news = waiting.entry(number.clone()).or_insert_with(|| watch::Sender::new(false)).subscribe();
        Expected { of: self, number, news }
    }

    /// The notification of this payment is noted.
    pub fn came(&self, number: &str) {
        let waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(news) = waiting.get(number) {
            news.send_replace(true);
        }
    }
}

/// Somebody who waits for news.
pub struct Expected<'a> {
    of: &'a Arrivals,
    number: String,
    news: watch::Receiver<bool>,
}

impl Expected<'_> {
    /// Whether they have come, since they are expected or within so long.
    pub async fn within(&mut self, long: Duration) -> bool {
        tokio::time::timeout(long, self.news.wait_for(|came| *came)).await.is_ok_and(|heard| heard.is_ok())
    }
}

impl Drop for Expected<'_> {
    fn drop(&mut self) {
        let mut waiting = self.of.0.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.get(&self.number).is_some_and(|news| news.receiver_count() <= 1) {
            waiting.remove(&self.number);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn each_who_waits_for_a_payment_hears_of_it_and_nobody_else() {
        let arrivals = Arrivals::default();
        let (mut one, mut two) = (arrivals.expect("P1".into()), arrivals.expect("P1".into()));
        let mut other = arrivals.expect("P2".into());
        arrivals.came("P1");
        arrivals.came("P3");
        let long = Duration::from_millis(1);
        assert!(one.within(long).await && two.within(long).await);
        assert!(!other.within(long).await);
        drop((one, two));
        assert!(!arrivals.expect("P1".into()).within(long).await, "of what came before, the database tells");
        drop(other);
        assert!(arrivals.0.lock().unwrap().is_empty(), "nothing is kept for those who have gone");
    }
}
