//! 5.1-b: the blind indexes over names and telephones, made anew under new keys while people sign in.
//!
//! Every member's name and telephone is opened once for it, which each of them can read in their record of readings.

use crate::Refused;
use crate::policy::{SignIn, member};
use crate::refused::keys_unavailable;
use crate::registration::index_form;
use db::{Failed, Id};
use diesel::prelude::*;
use policy::Entered;
use policy::fields::{MemberName, MobilePhone};
use vault::{Actor, NoAccess, RowKey, Sealed, Vault};

/// Members that one step takes.
const AT_ONCE: i64 = 100;

/// What a renewal did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Renewed {
    pub members: u64,
    /// Marks that stay under the old keys: of members whose data may not be opened now.
    pub left: u64,
}

/// Gives both indexes new keys, marks every member anew, and destroys the old keys where nothing needs them any more.
/// Taken up by the next call if it is killed. `told` hears how many members are done.
pub async fn renew(vault: &Vault, told: &mut (dyn FnMut(u64) + Send)) -> Result<Renewed, Failed<Refused>> {
    let keys = vault.keys();
    keys.begin_index::<MobilePhone>().await.map_err(keys_unavailable)?;
    keys.begin_index::<MemberName>().await.map_err(keys_unavailable)?;
    let mut done = Renewed::default();
    let mut last = String::new();
    loop {
        let after = last.clone();
        let ids: Vec<Id> = vault
            .data()
            .read(move |r| {
                let of = member::table.filter(member::id.gt(&after)).filter(member::ended_at.is_null());
                Ok(of.order(member::id).limit(AT_ONCE).select(member::id).load(r.db)?)
            })
            .await?;
        let Some(end) = ids.last() else { break };
        last = end.to_string();
        for id in &ids {
            if renew_one(vault, id).await? {
                done.members += 1;
                told(done.members);
            }
        }
    }
    let data = vault.data();
    done.left = keys.end_index::<MobilePhone>(data).await.map_err(keys_unavailable)?;
    done.left += keys.end_index::<MemberName>(data).await.map_err(keys_unavailable)?;
    Ok(done)
}

/// Whether the member could be marked anew; whoever is restricted stays where they are.
async fn renew_one(vault: &Vault, id: &Id) -> Result<bool, Failed<Refused>> {
    let job = Actor::job("index");
    let access = match vault.access::<SignIn>(&job, std::slice::from_ref(id)).await {
        Ok(access) => access,
        Err(NoAccess::Restricted | NoAccess::Gone) => return Ok(false),
        Err(other) => return Err(crate::refused::no_access(other)),
    };
    let own = id.clone();
    let (name, phone) = vault
        .data()
        .read(move |r| {
            let (name, phone): (Sealed<member::name>, Sealed<member::phone>) =
                member::table.find(&own).select((member::name, member::phone)).first(r.db)?;
            let row = RowKey { person: &own, id: &own };
            let name: Entered<MemberName> = Entered::made(name.open(&access, r, &row)?.look().clone());
            let phone: Entered<MobilePhone> = Entered::made(phone.open(&access, r, &row)?.look().clone());
            Ok((name, phone))
        })
        .await?;
    vault.keys().mark_anew(id, &index_form(&name)).await.map_err(keys_unavailable)?;
    vault.keys().mark_anew(id, &phone).await.map_err(keys_unavailable)?;
    Ok(true)
}
