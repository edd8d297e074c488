//! The right to read or collect fields of given people for one purpose, obtained by an actor.
//!
//! Prepared on a reader (states and consents from the data, keys from the key store, two queries for all the people
//! of a page); the command takes it as an argument, and the writer compares the states' versions in its transaction.

use crate::keys::{Fresh, PersonKey};
use crate::policy::{consent, person};
use crate::{NotOpened, State, Vault, ledger};
use db::{Id, Read, Scope, Stop, load_each};
use diesel::prelude::*;
use policy::{Basis, Duty, FieldInfo, Purpose, RecipientInfo, Role};
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

/// Who acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    pub role: Role,
    /// The member or staff account; `None` for background work.
    pub who: Option<Id>,
    /// The shop for whose case a seller acts.
    pub shop: Option<Id>,
    /// The job's name, where background work acts.
    pub job: Option<&'static str>,
    /// The actor's own state, where it has been looked at ([`Actor::standing`]).
    pub standing: Option<Standing>,
}

/// A person's state, as it was found beside something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    state: State,
    version: i64,
}

impl Standing {
    /// `person.state` and `person.version`.
    pub fn of(state: &str, version: i64) -> Standing {
        Standing { state: State::parse(state), version }
    }
}

impl Actor {
    pub fn own(member: &Id) -> Actor {
        Actor { role: Role::Own, who: Some(member.clone()), shop: None, job: None, standing: None }
    }

    /// Their own state needs not be looked at again for an access to what is theirs: it was found when the request was
    /// looked at. Whoever uses the access compares it as always, so that a state which has changed since does not pass; hence
    /// not for an access after a command of the same request that changes it.
    pub fn standing(self, standing: Option<Standing>) -> Actor {
        Actor { standing, ..self }
    }

    pub fn seller(member: &Id, shop: &Id) -> Actor {
        Actor { role: Role::Seller, who: Some(member.clone()), shop: Some(shop.clone()), job: None, standing: None }
    }

    pub fn staff(staff: &Id, role: Role) -> Actor {
        Actor { role, who: Some(staff.clone()), shop: None, job: None, standing: None }
    }

    pub fn job(name: &'static str) -> Actor {
        Actor { role: Role::Job, who: None, shop: None, job: Some(name), standing: None }
    }
}

/// Why no access was given.
#[derive(Debug)]
pub enum NoAccess {
    /// The policy does not let this role act for the purpose.
    Role { purpose: &'static str, role: Role },
    /// The purpose rests on a consent that is not in force: ask, at the moment of use.
    NoConsent { purpose: &'static str },
    /// The person's data open for legal duties only.
    Restricted,
    /// The person is erased, or was never known.
    Gone,
    /// The database or the key store did not answer.
    Unavailable(String),
}

impl fmt::Display for NoAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NoAccess::Role { purpose, role } => write!(f, "{} may not act for {purpose}", role.id()),
            NoAccess::NoConsent { purpose } => write!(f, "no consent to {purpose} is in force"),
            NoAccess::Restricted => f.write_str("restricted"),
            NoAccess::Gone => f.write_str("no such person"),
            NoAccess::Unavailable(why) => write!(f, "unavailable: {why}"),
        }
    }
}

impl std::error::Error for NoAccess {}

/// The right to act for purpose `P` on the data of some people.
pub struct Access<P: Purpose> {
    actor: Actor,
    versions: HashMap<Id, i64>,
    /// People begun by the very command that uses the access: no state to compare yet.
    fresh: HashSet<Id>,
    keys: HashMap<(Id, Duty), Arc<PersonKey>>,
    purpose: PhantomData<fn() -> P>,
}

impl<P: Purpose> fmt::Debug for Access<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Access<{}> by {} to {} people", P::INFO.id, self.actor.role.id(), self.keys.len())
    }
}

impl<P: Purpose> Clone for Access<P> {
    fn clone(&self) -> Self {
        Access {
            actor: self.actor.clone(),
            versions: self.versions.clone(),
            fresh: self.fresh.clone(),
            keys: self.keys.clone(),
            purpose: PhantomData,
        }
    }
}

impl<P: Purpose> Access<P> {
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// Adds people for whom the key store has made keys and whom the command itself begins.
    pub fn and_fresh<'f>(mut self, fresh: impl IntoIterator<Item = &'f Fresh>) -> Access<P> {
        for person in fresh {
            self.fresh.insert(person.id().clone());
            for (duty, key) in person.keys() {
                self.keys.insert((person.id().clone(), *duty), key.clone());
            }
        }
        self
    }

    pub fn covers(&self, person: &Id) -> bool {
        crate::WITHOUT || self.versions.contains_key(person) || self.fresh.contains(person)
    }

    /// The person's key, and the demand that the person's state be still the one that was looked at.
    pub(crate) fn key(&self, scope: &mut impl Scope, person: &Id, duty: Duty) -> Result<Arc<PersonKey>, NotOpened> {
        if crate::WITHOUT {
            return unguarded::key();
        }
        let key = self.keys.get(&(person.clone(), duty)).ok_or(NotOpened::NoKey)?;
        self.demand(scope, person)?;
        Ok(key.clone())
    }

    /// The demand that this access cover the person, in the state that was looked at.
    pub(crate) fn demand(&self, scope: &mut impl Scope, person: &Id) -> Result<(), NotOpened> {
        if crate::WITHOUT {
            return Ok(());
        }
        if let Some(version) = self.versions.get(person) {
            scope.require(person, *version);
        } else if !self.fresh.contains(person) {
            return Err(NotOpened::NoKey);
        }
        Ok(())
    }

    pub(crate) fn seen(&self, person: &Id, about: &Id) -> Arc<Seen> {
        Arc::new(Seen { actor: self.actor.clone(), person: person.clone(), about: about.clone(), purpose: P::INFO.id })
    }
}

/// What an opened value remembers of its opening: enough to say in the ledger to whom it was given on.
pub(crate) struct Seen {
    actor: Actor,
    person: Id,
    about: Id,
    purpose: &'static str,
}

impl Seen {
    pub(crate) fn note_read(&self, scope: &mut impl Scope, field: &FieldInfo) {
        self.note(scope, field, None);
    }

    pub(crate) fn note_given(&self, scope: &mut impl Scope, field: &FieldInfo, to: &RecipientInfo) {
        self.note(scope, field, Some(to.id));
    }

    fn note(&self, scope: &mut impl Scope, field: &FieldInfo, to: Option<&str>) {
        if crate::WITHOUT {
            return;
        }
        let own = self.actor.who.as_ref() == Some(&self.person) && to.is_none();
        let at = scope.now();
        let head = ledger::head(at, &self.actor, &self.person, self.purpose, to, &self.about);
        ledger::add(scope.notes(), own, head, field.id);
    }
}

impl Vault {
    /// Access for purpose `P` to the data of `people`, or why not. Role, states, consents and keys are looked at now;
    /// the writer looks at the states again when the command ends.
    pub async fn access<P: Purpose>(&self, actor: &Actor, people: &[Id]) -> Result<Access<P>, NoAccess> {
        self.access_asking(actor, people, None).await
    }

    /// As `access`, where one of `people` keeps things of the others on their own word that these agree (2.3.2-d): it is
    /// the actor's own consent that must be in force. The caller has looked that the word was given for each of them.
    pub async fn access_on_own_word<P: Purpose>(&self, actor: &Actor, people: &[Id]) -> Result<Access<P>, NoAccess> {
        let me = actor.who.as_ref().filter(|who| actor.role == Role::Own && people.contains(who));
        let me = me.ok_or(NoAccess::Role { purpose: P::INFO.id, role: actor.role })?;
        self.access_asking(actor, people, Some(me)).await
    }

    /// `asked` as [`judge`] takes it.
    async fn access_asking<P: Purpose>(
        &self,
        actor: &Actor,
        people: &[Id],
        asked: Option<&Id>,
    ) -> Result<Access<P>, NoAccess> {
        if crate::WITHOUT {
            return Ok(unguarded::access(actor));
        }
        check_role::<P>(actor)?;
        let found = match found_before::<P>(actor, people) {
            Some(found) => found,
            None => self.data.look(look_up::<P>(people)).await.map_err(unavailable)?,
        };
        let versions = judge::<P>(found, people, asked)?;
        let keys = self.keys.load(people).await.map_err(unavailable)?;
        Ok(Access { actor: actor.clone(), versions, fresh: HashSet::new(), keys, purpose: PhantomData })
    }

    /// As `access`, for threads that may wait (jobs, tests, the command line).
    pub fn access_now<P: Purpose>(&self, actor: &Actor, people: &[Id]) -> Result<Access<P>, NoAccess> {
        check_role::<P>(actor)?;
        let found = match found_before::<P>(actor, people) {
            Some(found) => found,
            None => self.data.look_now(look_up::<P>(people)).map_err(unavailable)?,
        };
        let versions = judge::<P>(found, people, None)?;
        let keys = self.keys.load_now(people).map_err(unavailable)?;
        Ok(Access { actor: actor.clone(), versions, fresh: HashSet::new(), keys, purpose: PhantomData })
    }
}

/// For measuring what an access costs; see [`crate::WITHOUT`].
mod unguarded {
    use super::*;
    use aws_lc_rs::aead::AES_256_GCM;
    use std::sync::OnceLock;

    pub fn access<P: Purpose>(actor: &Actor) -> Access<P> {
        let (versions, fresh, keys) = Default::default();
        Access { actor: actor.clone(), versions, fresh, keys, purpose: PhantomData }
    }

    /// Nothing is sealed with it.
    pub fn key() -> Result<Arc<PersonKey>, NotOpened> {
        static NONE: OnceLock<Option<Arc<PersonKey>>> = OnceLock::new();
        let key = NONE.get_or_init(|| PersonKey::new(&AES_256_GCM, &[0; 32]).ok().map(Arc::new));
        key.clone().ok_or(NotOpened::NoKey)
    }
}

fn check_role<P: Purpose>(actor: &Actor) -> Result<(), NoAccess> {
    if P::INFO.roles.contains(&actor.role) {
        Ok(())
    } else {
        Err(NoAccess::Role { purpose: P::INFO.id, role: actor.role })
    }
}

/// What one look at the data says of the people asked for.
struct Found {
    states: Vec<(String, Standing)>,
    agreed: HashSet<String>,
}

/// The look itself. Whoever uses the access compares the versions: what is older than a state beside it does not pass.
fn look_up<P: Purpose>(people: &[Id]) -> impl FnOnce(&mut Read) -> Result<Found, Stop<()>> + Send + use<P> {
    let people = people.to_vec();
    move |read| {
        let ids: Vec<&str> = people.iter().map(Id::as_str).collect();
        let query = person::table.select((person::id, person::state, person::version));
        let states = load_each!(&mut *read.db, query, person::id, &ids => (String, String, i64))?;
        let states = states.into_iter().map(|(id, state, version)| (id, Standing::of(&state, version))).collect();
        let mut agreed = Vec::new();
        if P::INFO.basis.asks() {
            let query = consent::table
                .filter(consent::purpose.eq(P::INFO.id))
                .filter(consent::withdrawn_at.is_null())
                .select(consent::person);
            agreed = load_each!(&mut *read.db, query, consent::person, ids => String)?;
        }
        Ok(Found { states, agreed: agreed.into_iter().collect() })
    }
}

fn unavailable(error: impl fmt::Display) -> NoAccess {
    NoAccess::Unavailable(error.to_string())
}

/// What [`look_up`] would say where nobody's data are asked for but the actor's own, and no consent is needed.
fn found_before<P: Purpose>(actor: &Actor, people: &[Id]) -> Option<Found> {
    let [person] = people else { return None };
    let standing = actor.standing.filter(|_| actor.who.as_ref() == Some(person) && !P::INFO.basis.asks())?;
    Some(Found { states: vec![(person.to_string(), standing)], agreed: HashSet::new() })
}

/// `asked`: the one whose consent counts; everybody's own where nobody is named.
fn judge<P: Purpose>(found: Found, people: &[Id], asked: Option<&Id>) -> Result<HashMap<Id, i64>, NoAccess> {
    let mut versions = HashMap::with_capacity(people.len());
    for id in people {
        let (_, Standing { state, version }) =
            found.states.iter().find(|(known, _)| known == id.as_str()).ok_or(NoAccess::Gone)?;
        match state {
            State::Open => {}
            State::Restricted if P::INFO.basis == Basis::LegalObligation => {}
            State::Restricted => return Err(NoAccess::Restricted),
            State::Erased => return Err(NoAccess::Gone),
        }
        let asks = P::INFO.basis.asks() && asked.is_none_or(|asked| asked == id);
        if asks && !found.agreed.contains(id.as_str()) {
            return Err(NoAccess::NoConsent { purpose: P::INFO.id });
        }
        versions.insert(id.clone(), *version);
    }
    Ok(versions)
}
