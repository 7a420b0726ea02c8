//! Pictures of the first pages of held jobs, as they were sealed.
//!
//! A picture comes after its job's row, if it comes at all, and goes in the batch in which the row
//! goes: there is never one without its job. It lies in the database because it is as small as a
//! row. Losing one loses nothing, so it is not waited for until it is durable.

use papermesh_protocol::id::JobId;
use serde_bytes::ByteBuf;

use super::Inner;
use super::columns::{JOBS, PREVIEWS};
use super::database::Durability;
use super::error::StoreError;

/// Jobs of one user that have pictures; of more, nobody looks at the pictures of all.
const PREVIEWS_PER_USER: usize = 1000;

/// The pictures of a store.
pub struct Previews<'a>(pub(super) &'a Inner);

impl Previews<'_> {
    /// Keeps the sealed picture of a job; says whether it was kept. It is not where the job has
    /// gone meanwhile, its user has too many, or the disk has room for documents only.
    ///
    /// # Errors
    /// [`StoreError::TooLarge`], and what the disk says.
    pub fn keep(&self, job: JobId, sealed: Vec<u8>) -> Result<bool, StoreError> {
        let _writing = self.0.writing();
        let Some(row) = self.0.database.get(&JOBS, &job)? else {
            return Ok(false);
        };
        let many = self.0.jobs().count_of(&row.user)? > PREVIEWS_PER_USER;
        if many || self.0.spool.check_room(sealed.len() as u64).is_err() {
            return Ok(false);
        }
        let mut batch = self.0.database.batch();
        batch.put(&PREVIEWS, &job, &ByteBuf::from(sealed))?;
        batch.commit(Durability::Buffered)?;
        Ok(true)
    }

    /// The sealed picture of a job, if there is one.
    ///
    /// # Errors
    /// If the disk does not give it.
    pub fn get(&self, job: JobId) -> Result<Option<Vec<u8>>, StoreError> {
        let sealed = self.0.database.get(&PREVIEWS, &job)?;
        Ok(sealed.map(ByteBuf::into_vec))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use papermesh_protocol::limits;

    use super::super::sample::{NOW, held, job, store};
    use super::super::{Deletion, JobEnd, Store};
    use super::*;

    #[test]
    fn a_picture_comes_and_goes_with_its_job() {
        let (home, store) = store().unwrap();
        // There is none of a job that is not there.
        assert!(!store.previews().keep(job(1), vec![1]).unwrap());
        held(&store, 1, "alice").unwrap();
        held(&store, 2, "alice").unwrap();
        for number in 1..=2 {
            assert!(store.previews().keep(job(number), vec![number; 9]).unwrap());
        }
        store.sync().unwrap();
        drop(store);
        let store = Store::open(home.path()).unwrap();
        assert_eq!(store.previews().get(job(1)).unwrap(), Some(vec![1; 9]));
        let end = JobEnd::Deleted { printer: None };
        assert_eq!(
            store.jobs().delete(job(1), end, NOW).unwrap(),
            Deletion::Deleted
        );
        assert_eq!(store.previews().get(job(1)).unwrap(), None);
        assert_eq!(store.previews().get(job(2)).unwrap(), Some(vec![2; 9]));
        // One that is made too late is not kept.
        assert!(!store.previews().keep(job(1), vec![1]).unwrap());
        assert_eq!(store.previews().get(job(1)).unwrap(), None);
    }

    #[test]
    fn what_is_no_picture_is_not_kept() {
        let (_home, store) = store().unwrap();
        held(&store, 1, "alice").unwrap();
        let large = vec![0; limits::PREVIEW_MESSAGE];
        assert!(matches!(
            store.previews().keep(job(1), large),
            Err(StoreError::TooLarge { .. })
        ));
    }
}
