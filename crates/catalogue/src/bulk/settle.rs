//! What a draft means for the goods that there are: a new product, a change, nothing, or mistakes.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use ::policy::Language;
use db::{Id, Stop, Tx};

use super::column::{Column, distance};
use super::draft::{Draft, DraftVariant, PictureName};
use super::mistake::{Mistake, Wrong};
use super::own::Own;
use crate::category::Tree;
use crate::check::Misfit;
use crate::picture::Stored;
use crate::product::{self, Attribute, NewPicture, NewProduct, NewVariant};
use crate::shop::Seller;
use crate::{Both, Refused};

/// The pictures that a file names, by name: as they will be stored, or what is wrong with them.
pub(super) type Named = HashMap<String, Result<Stored, Wrong>>;

/// What a product of a file comes to.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Publish { new: NewProduct, on_sale: bool },
    Edit { id: Id, version: i64, new: Option<NewProduct>, on_sale: Option<bool> },
    Same,
}

/// Does them, by the commands that the form uses: first what is there already, in the order of the file, then what is
/// new, all of it at once.
pub(super) fn carry_out(tx: &mut Tx, seller: &Seller, steps: Vec<Step>) -> Result<(), Stop<Refused>> {
    let (mut fresh, mut down) = (Vec::new(), Vec::new());
    for step in steps {
        match step {
            Step::Publish { new, on_sale } => {
                let id = tx.id();
                if !on_sale {
                    down.push(id.clone());
                }
                fresh.push((id, new));
            }
            Step::Edit { id, version, new, on_sale } => {
                if let Some(new) = new {
                    product::edit(tx, seller, &id, version, &new)?;
                }
                match on_sale {
                    Some(true) => product::list_again(tx, seller, &id)?,
                    Some(false) => product::take_down(tx, seller, &id)?,
                    None => {}
                }
            }
            Step::Same => {}
        }
    }
    if !fresh.is_empty() {
        product::publish_all(tx, seller, fresh)?;
    }
    down.iter().try_for_each(|id| product::take_down(tx, seller, id))
}

/// Categories by whatever a seller may call them.
pub(super) struct Categories {
    keys: HashMap<String, Vec<String>>,
    nearest: Mutex<HashMap<String, Option<String>>>,
}

/// Unknown categories for which the nearest known one is looked for.
const NEAREST_MAX: usize = 40;

impl Categories {
    pub fn of(tree: &Tree) -> Categories {
        let mut keys: HashMap<String, Vec<String>> = HashMap::new();
        for category in tree.all() {
            let mut called = HashSet::from([plain(&category.key)]);
            for language in [Language::En, Language::Zh] {
                called.insert(plain(category.name.in_(language)));
                let path: Vec<&str> = tree.path(&category.key).iter().map(|c| c.name.in_(language)).collect();
                called.insert(plain(&path.join(">")));
            }
            for name in called {
                keys.entry(name).or_default().push(category.key.clone());
            }
        }
        // A key is a key, whatever else is called so.
        for category in tree.all() {
            keys.insert(plain(&category.key), vec![category.key.clone()]);
        }
        Categories { keys, nearest: Mutex::default() }
    }

    fn find(&self, name: &str) -> Result<String, Wrong> {
        if name.is_empty() {
            return Err(Wrong::Missing);
        }
        match self.keys.get(&plain(name)).map(Vec::as_slice) {
            Some([key]) => Ok(key.clone()),
            Some(keys) => Err(Wrong::CategoryTwice { keys: keys[..keys.len().min(5)].join(", ") }),
            None => Err(Wrong::Category { nearest: self.nearest(name) }),
        }
    }

    fn nearest(&self, name: &str) -> Option<String> {
        let typed = plain(name);
        let mut known = self.nearest.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(nearest) = known.get(&typed) {
            return nearest.clone();
        }
        if known.len() == NEAREST_MAX || typed.chars().count() > 60 {
            return None;
        }
        let letters: Vec<char> = typed.chars().collect();
        let steps = |name: &String| distance(&letters, &name.chars().collect::<Vec<_>>());
        let nearest = self.keys.keys().filter(|name| !name.contains('>')).map(|name| (steps(name), name)).min();
        let near = |steps: usize, name: &str| steps <= (name.chars().count() / 2).clamp(1, 3);
        let nearest = nearest.filter(|(steps, name)| near(*steps, name)).map(|(_, name)| name.clone());
        known.insert(typed, nearest.clone());
        nearest
    }
}

fn plain(name: &str) -> String {
    let name = name.to_lowercase().replace(['＞', '/'], ">");
    name.split('>').map(str::trim).collect::<Vec<_>>().join(">")
}

/// What settling needs to know beside the product itself.
pub(super) struct Around<'a> {
    pub categories: &'a Categories,
    /// Why nothing can be put on sale now, if so.
    pub closed: Option<Refused>,
    /// Of the files that the draft names, by name; `None` where no archive came.
    pub pictures: Option<&'a Named>,
}

pub(super) fn settle(draft: &Draft, own: Option<&Own>, around: &Around) -> Result<Step, Vec<Mistake>> {
    let mut merge = Merge { draft, own, around, mistakes: Vec::new(), lines: Vec::new() };
    let merged = merge.whole();
    let checked = if merge.mistakes.is_empty() { merged.checked_whole() } else { Err(Vec::new()) };
    match checked {
        Ok(new) => merge.step(new),
        Err(misfits) => {
            misfits.into_iter().for_each(|misfit| merge.misfit(misfit));
            Err(merge.mistakes)
        }
    }
}

struct Merge<'a> {
    draft: &'a Draft,
    own: Option<&'a Own>,
    around: &'a Around<'a>,
    mistakes: Vec<Mistake>,
    /// The line of each variant of the merged product, as far as it stands in the file.
    lines: Vec<Option<usize>>,
}

impl Merge<'_> {
    fn wrong(&mut self, column: Column, wrong: Wrong) {
        let (line, cell) = self.draft.place_of(column);
        self.mistakes.push(Mistake::new(line, Some(column), cell, wrong));
    }

    /// The product as it is, with what the file says over it.
    fn whole(&mut self) -> NewProduct {
        let draft = self.draft;
        let mut new = self.own.map(|own| own.product.clone()).unwrap_or_default();
        // One that there is keeps whatever number it has, also where it is named by its id.
        if self.own.is_none() {
            new.reference.clone_from(&draft.reference);
            if Id::parse(&draft.reference).is_ok() {
                // Somebody's id, but no product of this shop.
                self.wrong(Column::Reference, Wrong::Refused(Refused::ProductNotFound));
            }
        }
        if let Some(name) = &draft.category {
            match self.around.categories.find(name) {
                Ok(key) => new.category = key,
                Err(wrong) => self.wrong(Column::Category, wrong),
            }
        } else if self.own.is_none() {
            self.wrong(Column::Category, Wrong::Missing);
        }
        for (text, said) in [(&mut new.title, &draft.title), (&mut new.text, &draft.text), (&mut new.axis, &draft.axis)]
        {
            overlay(&mut text.en, &said[0]);
            overlay(&mut text.zh, &said[1]);
        }
        overlay(&mut new.unit.one, &draft.unit[0]);
        overlay(&mut new.unit.many, &draft.unit[1]);
        overlay(&mut new.unit.zh, &draft.unit[2]);
        if let Some(tiers) = &draft.tiers {
            new.tiers = tiers.iter().map(|(_, tier)| *tier).collect();
        }
        self.attributes(&mut new);
        self.pictures(&mut new);
        self.variants(&mut new);
        new
    }

    fn attributes(&self, new: &mut NewProduct) {
        let [en, zh] = &self.draft.attributes;
        let had = std::mem::take(&mut new.attributes);
        if en.is_none() && zh.is_none() {
            new.attributes = had;
            return;
        }
        let of_had = |pick: fn(&Both) -> &String| {
            had.iter().map(|a| (pick(&a.name).clone(), pick(&a.value).clone())).collect::<Vec<_>>()
        };
        let count = [en, zh].into_iter().flatten().map(Vec::len).max().unwrap_or(0);
        let en = en.clone().unwrap_or_else(|| of_had(|both| &both.en));
        let zh = zh.clone().unwrap_or_else(|| of_had(|both| &both.zh));
        for at in 0..count {
            let (name_en, value_en) = en.get(at).cloned().unwrap_or_default();
            let (name_zh, value_zh) = zh.get(at).cloned().unwrap_or_default();
            new.attributes.push(Attribute { name: Both::new(name_en, name_zh), value: Both::new(value_en, value_zh) });
        }
    }

    fn pictures(&mut self, new: &mut NewProduct) {
        let Some(names) = &self.draft.pictures else { return };
        let had: &[Stored] = self.own.map_or(&[], |own| &own.pictures);
        let mut pictures = Vec::with_capacity(names.len());
        for (name, row) in names.iter().zip(1..) {
            let found = match name {
                PictureName::Kept(place) if usize::try_from(*place).is_ok_and(|place| place < had.len()) => {
                    Ok(NewPicture::Kept(*place))
                }
                PictureName::Kept(_) => Err(Wrong::Refused(Refused::PictureUnknown { row })),
                PictureName::File(name) => match self.around.pictures.map(|pictures| pictures.get(name)) {
                    None => Err(Wrong::NoArchive),
                    Some(None) => Err(Wrong::NotInArchive),
                    Some(Some(Err(wrong))) => Err(wrong.clone()),
                    Some(Some(Ok(stored))) => Ok(match had.iter().position(|had| had == stored) {
                        Some(place) => NewPicture::Kept(place as i64),
                        None => NewPicture::New(stored.clone()),
                    }),
                },
            };
            match found {
                Ok(picture) => pictures.push(picture),
                Err(wrong) => {
                    let (line, _) = self.draft.place_of(Column::Pictures);
                    let shown = match name {
                        PictureName::Kept(place) => format!("#{}", place + 1),
                        PictureName::File(name) => name.clone(),
                    };
                    self.mistakes.push(Mistake::new(line, Some(Column::Pictures), &shown, wrong));
                }
            }
        }
        new.pictures = pictures;
    }

    /// A variant that the file does not name stays as it is.
    fn variants(&mut self, new: &mut NewProduct) {
        let had = new.variants.len();
        self.lines = vec![None; had];
        for (said, row) in self.draft.variants.iter().zip(1..) {
            if self.own.is_some() && said.says_nothing() {
                // A row about the product alone.
                continue;
            }
            let named_by_id = said.sku.as_deref().is_some_and(|sku| Id::parse(sku).is_ok());
            let at = find(&new.variants[..had], said, self.draft.variants.len() == 1);
            let at = match at {
                Some(at) if self.lines[at].is_some() => {
                    self.at_variant(said, Column::Sku, Wrong::Refused(Refused::VariantTwice { row }));
                    continue;
                }
                Some(at) => at,
                None if named_by_id => {
                    self.at_variant(said, Column::Sku, Wrong::Refused(Refused::VariantUnknown { row }));
                    continue;
                }
                None => {
                    if said.stock.is_none() {
                        self.at_variant(said, Column::Stock, Wrong::Missing);
                    }
                    new.variants.push(NewVariant::default());
                    self.lines.push(None);
                    new.variants.len() - 1
                }
            };
            self.lines[at] = Some(said.line);
            let variant = &mut new.variants[at];
            if !named_by_id {
                overlay(&mut variant.sku, &said.sku);
            }
            overlay(&mut variant.name.en, &said.name[0]);
            overlay(&mut variant.name.zh, &said.name[1]);
            variant.surcharge = said.surcharge.unwrap_or(variant.surcharge);
            match (said.stock, said.mark) {
                // As it was exported: what was sold since then stays sold.
                (Some(stock), Some(mark)) if variant.id.is_some() => {
                    if stock != mark.stock {
                        (variant.stock, variant.stock_was) = (stock, mark.stock);
                    }
                }
                (Some(stock), _) => variant.stock = stock,
                (None, _) => {}
            }
        }
    }

    fn at_variant(&mut self, said: &DraftVariant, column: Column, wrong: Wrong) {
        let cell = if column == Column::Sku { said.sku.as_deref().unwrap_or("") } else { "" };
        self.mistakes.push(Mistake::new(said.line, Some(column), cell, wrong));
    }

    fn step(mut self, new: NewProduct) -> Result<Step, Vec<Mistake>> {
        let on_sale = self.draft.on_sale;
        let Some(own) = self.own else {
            if let Some(refused) = self.around.closed.clone() {
                self.wrong(Column::Reference, Wrong::Refused(refused));
                return Err(self.mistakes);
            }
            return Ok(Step::Publish { new, on_sale: on_sale.unwrap_or(true) });
        };
        let edited = (new != own.product).then_some(new);
        let on_sale = on_sale.filter(|on_sale| *on_sale != own.listed);
        if edited.is_none() && on_sale.is_none() {
            return Ok(Step::Same);
        }
        let stale = |said: &&DraftVariant| said.mark.is_some_and(|mark| mark.version != own.version);
        if let Some(said) = self.draft.variants.iter().find(stale) {
            self.mistakes.push(Mistake::new(said.line, Some(Column::Exported), "", Wrong::ChangedSince));
        }
        if let (Some(true), Some(refused)) = (on_sale, self.around.closed.clone()) {
            self.wrong(Column::OnSale, Wrong::Refused(refused));
        }
        if self.mistakes.is_empty() {
            Ok(Step::Edit { id: own.id.clone(), version: own.version, new: edited, on_sale })
        } else {
            Err(self.mistakes)
        }
    }

    /// Something that the product's own rules refuse, at its line and column.
    fn misfit(&mut self, misfit: Misfit) {
        let row = misfit.row;
        let tier = |row: usize| self.draft.tiers.as_ref().and_then(|tiers| tiers.get(row - 1)).map(|(n, _)| *n);
        let column = match misfit.part {
            "from" | "price" => Column::of_part(misfit.part, row.and_then(tier)),
            part => Column::of_part(part, row),
        };
        let Some(column) = column else {
            return self.mistakes.push(Mistake::new(self.draft.line, None, "", Wrong::Refused(misfit.refused)));
        };
        if column.of_variant() {
            let line = row.and_then(|row| self.lines.get(row - 1).copied().flatten());
            let said = self.draft.variants.iter().find(|said| Some(said.line) == line);
            let cell = match (column, said) {
                (Column::Sku, Some(said)) => said.sku.clone(),
                (Column::VariantEn, Some(said)) => said.name[0].clone(),
                (Column::VariantZh, Some(said)) => said.name[1].clone(),
                _ => None,
            };
            let line = line.unwrap_or(self.draft.line);
            self.mistakes.push(Mistake::new(
                line,
                Some(column),
                &cell.unwrap_or_default(),
                Wrong::Refused(misfit.refused),
            ));
        } else {
            self.wrong(column, Wrong::Refused(misfit.refused));
        }
    }
}

fn overlay(value: &mut String, said: &Option<String>) {
    if let Some(said) = said {
        value.clone_from(said);
    }
}

/// The variant that a row means: by its id where it has no number, by its number, else by its name.
fn find(had: &[NewVariant], said: &DraftVariant, alone: bool) -> Option<usize> {
    let sku = said.sku.as_deref().unwrap_or("").trim();
    if !sku.is_empty() {
        return had
            .iter()
            .position(|variant| variant.sku == sku || variant.id.as_ref().is_some_and(|id| id.as_str() == sku));
    }
    let named = said.name.iter().any(|name| name.as_deref().is_some_and(|name| !name.is_empty()));
    if !named {
        return (alone && had.len() == 1).then_some(0);
    }
    let same = |said: &Option<String>, name: &str| said.as_deref().is_none_or(|said| said.trim() == name);
    had.iter().position(|variant| same(&said.name[0], &variant.name.en) && same(&said.name[1], &variant.name.zh))
}
