//! What has run out goes: codes, marks of throttles, idle sessions, tokens, keys of requests, and people who asked for a
//! code and never became members.

use crate::code::Reason;
use crate::policy::{member, one_time_code};
use crate::{attempt, session, throttle, token};
use db::clock::MINUTE;
use db::{Id, Job, JobContext, JobHandler, JobOutcome, Stop, Tx};
use diesel::prelude::*;
use policy::Duty;
use std::collections::HashSet;
use std::convert::Infallible;
use vault::{State, Vault, person};

/// Codes that one run takes; what is left is taken by the next one, at once.
const CODES_MAX: i64 = 200;

/// The recurring work of this crate. It wants [`Vault`] as the jobs' context.
pub const JOBS: &[JobHandler] = &[JobHandler { kind: "member/sweep", run, every: Some(5 * MINUTE) }];

/// What a sweep found.
#[derive(Debug, PartialEq, Eq)]
pub struct Swept {
    /// People erased now, whose keys are to be destroyed and whose codes then forgotten ([`forget_codes`]).
    pub never_registered: Vec<Id>,
    /// There may be more.
    pub more: bool,
}

fn run(context: &JobContext, _job: &Job) -> JobOutcome {
    run_sweep(context.get())
}

/// The job's work, for a runner whose context is something else than the [`Vault`].
pub fn run_sweep(vault: &Vault) -> JobOutcome {
    let swept = match vault.data().write_now(sweep::<Infallible>) {
        Ok(swept) => swept,
        Err(failed) => return JobOutcome::Retry(failed.to_string()),
    };
    for person in &swept.never_registered {
        for duty in Duty::ALL {
            if let Err(error) = vault.keys().destroy_now(person, duty) {
                return JobOutcome::Retry(error.to_string());
            }
        }
    }
    // The codes' rows are the list of what is to be done: they go last, so that a killed run is done again.
    let gone = swept.never_registered;
    if let Err(failed) = vault.data().write_now(move |tx| forget_codes::<Infallible>(tx, &gone)) {
        return JobOutcome::Retry(failed.to_string());
    }
    if swept.more { JobOutcome::Continue(serde_json::Value::Null) } else { JobOutcome::Done }
}

/// Deletes what has run out. Of people-to-be only the state is set here (state first, then keys, then rows).
pub fn sweep<R>(tx: &mut Tx) -> Result<Swept, Stop<R>> {
    throttle::sweep(tx)?;
    session::sweep(tx)?;
    token::sweep(tx)?;
    attempt::sweep(tx)?;
    // A minute more, for a command that is under way.
    let codes: Vec<(Id, Id, String)> = one_time_code::table
        .filter(one_time_code::expires_at.lt(tx.now - MINUTE))
        .order(one_time_code::expires_at)
        .limit(CODES_MAX)
        .select((one_time_code::id, one_time_code::person, one_time_code::reason))
        .load(tx.db)?;
    let to_be: HashSet<Id> = codes
        .iter()
        .filter(|(_, _, reason)| reason == Reason::Register.id())
        .map(|(_, person, _)| person.clone())
        .collect();
    let members: Vec<Id> = member::table.filter(member::id.eq_any(&to_be)).select(member::id).load(tx.db)?;
    let mut never_registered: Vec<Id> = to_be.into_iter().filter(|person| !members.contains(person)).collect();
    never_registered.sort();
    for id in &never_registered {
        person::set_state(tx, id, State::Erased)?;
    }
    let done: Vec<&Id> =
        codes.iter().filter(|(_, person, _)| !never_registered.contains(person)).map(|(id, _, _)| id).collect();
    diesel::delete(one_time_code::table.filter(one_time_code::id.eq_any(done))).execute(tx.db)?;
    Ok(Swept { never_registered, more: codes.len() as i64 == CODES_MAX })
}

/// Deletes the codes of people whose keys are destroyed.
pub fn forget_codes<R>(tx: &mut Tx, people: &[Id]) -> Result<(), Stop<R>> {
    diesel::delete(one_time_code::table.filter(one_time_code::person.eq_any(people))).execute(tx.db)?;
    Ok(())
}
