//! People without an account who are let go.

use super::{Context, Halt, named, read};
use crate::others;
use db::jobs::ATTEMPTS_MAX;
use db::{Job, JobContext, JobOutcome};

/// Destroys the keys of somebody whose address has gone. Their state was set before; killed at any point, it is done
/// again.
pub(super) fn forget(ctx: &JobContext, job: &Job) -> JobOutcome {
    let ended = (|| {
        let person = named(job, "person")?;
        let other = person.clone();
        for duty in read(ctx, move |r| Ok(others::keys_to_destroy(r, &other)?))? {
            let keys = ctx.get::<Context>().vault.keys().clone();
            keys.destroy_now(&person, duty).map_err(|error| Halt::Wait(error.to_string()))?;
        }
        Ok(())
    })();
    match ended {
        Ok(()) => JobOutcome::Done,
        // No sweep finds them anew: a job that is given up stays where the operator sees it.
        Err(Halt::Wait(why)) if job.attempt < ATTEMPTS_MAX => JobOutcome::Retry(why),
        Err(Halt::Wait(why) | Halt::Never(why)) => JobOutcome::Dead(why),
    }
}
