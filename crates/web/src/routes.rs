//! The addresses of the marketplace as a table. A route gets into the router by this table alone, so that what is
//! answered stands in it, and a test that walks it walks every address there is, also those of tomorrow.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::handler::Handler;
use axum::routing::{get, post};

/// Who gets beyond an address. The handler's own argument ([`crate::app::SignedIn`], [`crate::app::AtDesk`],
/// [`crate::app::OnDuty`]) keeps the gate; the table says which one stands there, and `tests/strangers.rs` that it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gate {
    Anybody,
    /// Others are sent to sign in.
    Member,
    /// Members without an open shop are sent to the page where one applies.
    Seller,
    /// Others find nothing there.
    Staff,
    /// What is sent carries its own signature: a partner's notification.
    Signed,
}

/// One address and how it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    pub method: &'static str,
    /// With its parameters in braces, without the language.
    pub path: &'static str,
    pub gate: Gate,
}

/// A router with its table.
#[derive(Clone)]
pub struct Routes<S> {
    router: Router<S>,
    table: Vec<Route>,
}

impl<S: Clone + Send + Sync + 'static> Default for Routes<S> {
    fn default() -> Self {
        Routes { router: Router::new(), table: Vec::new() }
    }
}

impl<S: Clone + Send + Sync + 'static> Routes<S> {
    pub fn get<H: Handler<T, S>, T: 'static>(mut self, gate: Gate, path: &'static str, handler: H) -> Self {
        self.table.push(Route { method: "GET", path, gate });
        Routes { router: self.router.route(path, get(handler)), ..self }
    }

    pub fn post<H: Handler<T, S>, T: 'static>(mut self, gate: Gate, path: &'static str, handler: H) -> Self {
        self.table.push(Route { method: "POST", path, gate });
        Routes { router: self.router.route(path, post(handler)), ..self }
    }

    /// These and the others.
    pub fn merge(mut self, others: Routes<S>) -> Self {
        self.table.extend(others.table);
        Routes { router: self.router.merge(others.router), ..self }
    }

    /// Bodies of all that stand here so far may be as large as this.
    pub fn bodies_up_to(self, bytes: usize) -> Self {
        Routes { router: self.router.layer(DefaultBodyLimit::max(bytes)), ..self }
    }

    pub fn table(&self) -> &[Route] {
        &self.table
    }

    pub fn into_router(self) -> Router<S> {
        self.router
    }
}
