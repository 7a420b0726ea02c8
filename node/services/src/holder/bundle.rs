//! Jobs of several documents, as programs make them: each document is held, sealed and released by
//! itself, and they are one job to whoever asks for it by its number.

use std::collections::BTreeSet;
use std::sync::Arc;

use papermesh_protocol::limits::JOBS_PER_HOLDER;
use papermesh_protocol::text::UserId;
use papermesh_store::offload::offload;
use papermesh_store::{HISTORY_BOUND, NumberedJob, Store, StoreError};

use super::life::past_view;
use super::{HeldView, Holder};
use crate::network::Network;

impl<N: Network> Holder<N> {
    /// The documents of the job that has a number, held or gone, in their order; empty if there is
    /// no such job, or if the number is that of a further document.
    pub async fn bundle(&self, number: u32) -> Result<Vec<HeldView>, StoreError> {
        let holder = self.clone();
        offload(&self.0.store, move |store| {
            match store.history().numbered(number)? {
                Some(first) if !is_part(store, &first)? => holder.documents(store, number),
                _ => Ok(Vec::new()),
            }
        })
        .await
    }

    /// The number of the job that a document with this number belongs to: its own, unless it is a
    /// further document.
    pub async fn whole(&self, number: u32) -> Result<u32, StoreError> {
        offload(&self.0.store, move |store| {
            match store.history().numbered(number)? {
                Some(numbered) if is_part(store, &numbered)? => {
                    Ok(numbered.part_of.unwrap_or(number))
                }
                _ => Ok(number),
            }
        })
        .await
    }

    /// A user's jobs of which something is held (in the order of their places) or, if `ended`, of
    /// which nothing is (those with the highest numbers first), each with its documents: at most
    /// `limit`.
    pub async fn bundles(
        &self,
        user: &UserId,
        ended: bool,
        limit: usize,
    ) -> Result<Vec<Vec<HeldView>>, StoreError> {
        let (holder, user) = (self.clone(), user.clone());
        offload(&self.0.store, move |store| {
            let numbers: Vec<u32> = if ended {
                let past = store.history().of_user(&user, None, HISTORY_BOUND.jobs)?;
                past.iter().rev().map(|past| past.number).collect()
            } else {
                let held = store.jobs().of_user(&user, None, JOBS_PER_HOLDER)?;
                held.iter().map(|held| held.row.number).collect()
            };
            let (mut seen, mut bundles) = (BTreeSet::new(), Vec::new());
            for number in numbers {
                if bundles.len() == limit {
                    break;
                }
                let Some(numbered) = store.history().numbered(number)? else {
                    continue;
                };
                let first = match numbered.part_of {
                    Some(whole) if is_part(store, &numbered)? => whole,
                    _ => number,
                };
                if !seen.insert(first) {
                    continue;
                }
                let documents = holder.documents(store, first)?;
                if documents.iter().all(|view| view.state.is_over()) == ended {
                    bundles.push(documents);
                }
            }
            Ok(bundles)
        })
        .await
    }

    /// The documents of a job that is no further document.
    fn documents(&self, store: &Store, number: u32) -> Result<Vec<HeldView>, StoreError> {
        let Some(first) = store.history().numbered(number)? else {
            return Ok(Vec::new());
        };
        let mut documents = Vec::with_capacity(1 + first.parts.len());
        documents.extend(self.view_of(store, number, &first)?);
        for part in &first.parts {
            if let Some(numbered) = store.history().numbered(*part)? {
                documents.extend(self.view_of(store, *part, &numbered)?);
            }
        }
        Ok(documents)
    }

    fn view_of(
        &self,
        store: &Store,
        number: u32,
        numbered: &NumberedJob,
    ) -> Result<Option<HeldView>, StoreError> {
        let inner = Arc::clone(&self.0);
        if let Some(held) = store.jobs().get(numbered.job)? {
            let view = inner
                .life
                .view(store, &inner.storage, held, inner.membership.moment());
            return view.map(Some);
        }
        let past = store.history().get(&numbered.user, number)?;
        Ok(past.map(|past| past_view(&inner.storage, past)))
    }
}

/// Whether this is a further document of a job that is still known.
fn is_part(store: &Store, numbered: &NumberedJob) -> Result<bool, StoreError> {
    match numbered.part_of {
        Some(whole) => Ok(store.history().numbered(whole)?.is_some()),
        None => Ok(false),
    }
}
