//! The demo marketplace's goods. The caller has registered the members who keep the shops.

use std::collections::HashMap;
use std::path::Path;

use catalogue::demo::{Demo, Loaded, NotLoaded, Progress};
use db::Id;
use vault::Vault;

/// The shops of the demo in `folder`: key and English name. Each wants a member who keeps it.
pub fn shops(folder: &Path) -> Result<Vec<(String, String)>, NotLoaded> {
    Ok(Demo::read(folder)?.shops.into_iter().map(|shop| (shop.key, shop.name.en)).collect())
}

/// Loads categories, shops with their papers, pictures and products. Loading again does nothing. Blocks, for some
/// seconds; `progress` is called on this thread.
pub fn load(
    vault: &Vault,
    folder: &Path,
    owners: &HashMap<String, Id>,
    progress: &dyn Fn(Progress),
) -> Result<Loaded, NotLoaded> {
    catalogue::demo::load(vault, folder, owners, progress)
}
