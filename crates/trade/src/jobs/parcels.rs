//! Waybills and tracking.

use super::{Context, Halt, named, outcome, read, write};
use crate::policy::{DeliverGoods, TrackDelivery};
use crate::shipping::{self, CONSIGNEE_GONE, Parcel, ParcelState, TRACK_JOB};
use db::{Job, JobContext, JobOutcome};
use partners::PartnerError;
use partners::logistics::refusal;
use policy::Purpose;
use vault::{Access, Actor, NoAccess};

fn parcel(ctx: &JobContext, job: &Job) -> Result<Option<Parcel>, Halt> {
    let id = named(job, "shipment")?;
    read(ctx, move |r| shipping::by_id(r, &id))
}

/// Access to the consignee, and to the buyer whose wish for a time it is. `None` where their data open for no delivery
/// any more.
fn access<P: Purpose>(ctx: &JobContext, job: &'static str, parcel: &Parcel) -> Result<Option<Access<P>>, Halt> {
    let mut people = vec![parcel.person.clone()];
    if parcel.buyer != parcel.person {
        people.push(parcel.buyer.clone());
    }
    match ctx.get::<Context>().vault.access_now::<P>(&Actor::job(job), &people) {
        Ok(access) => Ok(Some(access)),
        Err(NoAccess::Gone | NoAccess::Restricted) => Ok(None),
        Err(error) => Err(Halt::Wait(error.to_string())),
    }
}

/// Gets the waybill that the seller asked for. Idempotent by the parcel's reference.
pub(super) fn get_waybill(ctx: &JobContext, job: &Job) -> JobOutcome {
    let ended = (|| {
        let Some(parcel) = parcel(ctx, job)? else { return Ok(()) };
        // Called off after a try whose answer got lost: the platform may have made the waybill, and only by its number
        // can it be called back. Before any try, nothing is asked for any more. (A try that a killed process did not live
        // to note has begun this job before.)
        let tried = parcel.unanswered || job.attempt > 1;
        let made_unheard = parcel.state == ParcelState::Cancelled && !parcel.labelled && tried;
        if parcel.state != ParcelState::Asked && !made_unheard {
            return Ok(());
        }
        let id = parcel.id.clone();
        let Some(access) = access::<DeliverGoods>(ctx, shipping::WAYBILL_JOB, &parcel)? else {
            return write(ctx, move |tx| shipping::refused(tx, &id, CONSIGNEE_GONE));
        };
        let (opening, of) = (access.clone(), parcel.clone());
        let request = read(ctx, move |r| shipping::waybill_request(r, &opening, &of))?;
        let own = ctx.get::<Context>();
        let terms = own.terms.clone();
        match own.partners.logistics.waybill(&request) {
            Ok(waybill) => write(ctx, move |tx| {
                shipping::labelled(tx, &terms, &access, &parcel, &waybill.number, &waybill.sort_code).map(drop)
            }),
            Err(PartnerError::Refused { code, .. }) => write(ctx, move |tx| shipping::refused(tx, &id, &code)),
            Err(PartnerError::Unfit(part)) => write(ctx, move |tx| shipping::refused(tx, &id, part)),
            Err(error @ PartnerError::NotAllowed(_)) => Err(error.into()),
            Err(error) => {
                write(ctx, move |tx| shipping::unanswered(tx, &id))?;
                Err(error.into())
            }
        }
    })();
    outcome(job, ended)
}

/// Calls a waybill back whose order was given back.
pub(super) fn call_back(ctx: &JobContext, job: &Job) -> JobOutcome {
    let ended = (|| {
        let Some(parcel) = parcel(ctx, job)? else { return Ok(()) };
        let id = parcel.id.clone();
        let Some(access) = access::<TrackDelivery>(ctx, shipping::CALL_BACK_JOB, &parcel)? else {
            return write(ctx, move |tx| shipping::called_back(tx, &id, CONSIGNEE_GONE));
        };
        let of = parcel.clone();
        let Some(number) = read(ctx, move |r| shipping::number_for_platform(r, &access, &of))? else { return Ok(()) };
        match ctx.get::<Context>().partners.logistics.cancel(parcel.id.as_str(), &number) {
            Ok(()) => write(ctx, move |tx| shipping::called_back(tx, &id, "")),
            Err(error) if error.is(refusal::UNKNOWN_WAYBILL) => {
                write(ctx, move |tx| shipping::called_back(tx, &id, ""))
            }
            Err(PartnerError::Refused { code, .. }) => {
                // The courier has it: the seller must fetch it from there. Somebody must see that.
                let why = code.clone();
                write(ctx, move |tx| shipping::called_back(tx, &id, &why))?;
                Err(Halt::Never(format!("the waybill was not called back: {code}")))
            }
            Err(error) => Err(error.into()),
        }
    })();
    outcome(job, ended)
}

/// Asks after one parcel.
pub(super) fn track(ctx: &JobContext, job: &Job) -> JobOutcome {
    let ended = (|| {
        let Some(parcel) = parcel(ctx, job)? else { return Ok(()) };
        let Some(access) = access::<TrackDelivery>(ctx, TRACK_JOB, &parcel)? else { return Ok(()) };
        let of = parcel.clone();
        let Some(number) = read(ctx, move |r| shipping::number_for_platform(r, &access, &of))? else { return Ok(()) };
        let own = ctx.get::<Context>();
        let said = match own.partners.logistics.query(parcel.id.as_str(), &number) {
            Ok(events) => events,
            Err(PartnerError::Refused { code, .. }) => {
                tracing::warn!(shipment = %parcel.id, "the platform does not tell of a parcel: {code}");
                Vec::new()
            }
            Err(error) => return Err(error.into()),
        };
        let terms = own.terms.clone();
        write(ctx, move |tx| {
            for event in &said {
                shipping::tracked(tx, &terms, event)?;
            }
            Ok(shipping::heard(tx, &parcel.id)?)
        })
    })();
    outcome(job, ended)
}

/// Asks after every parcel of which nothing was heard for long.
pub(super) fn ask_after_silent(ctx: &JobContext, job: &Job) -> JobOutcome {
    const AT_ONCE: i64 = 500;
    let ended = write(ctx, |tx| {
        for id in shipping::silent(tx, AT_ONCE)? {
            shipping::job_about(tx, TRACK_JOB, &id);
        }
        Ok(())
    });
    outcome(job, ended)
}
