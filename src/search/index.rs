//! The index on disk: opened, rebuilt when damaged, updated, and shown to readers one generation at a time. Owns the
//! only writer. Updates wait for the disk; searches never wait for updates.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use tantivy::indexer::{IndexWriterOptions, LogMergePolicy};
use tantivy::{Index, IndexReader, IndexWriter, ReloadPolicy, Term};

use super::folder;
use super::rows::RowCache;
use super::schema::{self, Fields};
use super::similar::{Interests, similar};
use super::suggest::{Suggestion, suggest};
use super::view::View;
use super::{Found, JobQuery, SearchError, Snippeter, find, tokens};
use crate::model::{Job, JobId, Timestamp, Vocabulary};

/// Memory that the writer fills before it writes a segment.
const WRITER_BYTES: usize = 32 * 1024 * 1024;
/// Most jobs in the writer's queue, at 5 to 50 KiB each, before callers wait for it.
const MAX_WAITING: usize = 2_000;
// Keeps segments few and rarely rewritten: four of the same size are merged. Sizes are powers of four, from 500 jobs.
const MERGE_SEGMENTS: usize = 4;
const SMALLEST_SIZE_JOBS: u32 = 500;
const SIZE_LOG2: f64 = 2.0;
/// A segment with a larger share of deleted jobs is rewritten.
const MOST_DELETED: f32 = 0.3;

/// An update of the index.
pub enum Edit {
    Upsert(Box<Job>),
    Remove(JobId),
}

pub struct SearchIndex {
    dir: PathBuf,
    fields: Fields,
    feed: Mutex<Feed>,
    view: RwLock<Arc<View>>,
    position: AtomicU64,
}

/// State that only the writer needs.
struct Feed {
    index: Index,
    reader: IndexReader,
    /// `None` after a failure, until the next edits.
    writer: Option<IndexWriter>,
    rows: RowCache,
    vocabulary: Vocabulary,
    /// The position of the last commit.
    position: u64,
    /// Jobs written since the last commit.
    waiting: usize,
    /// Something was written since the last view.
    is_changed: bool,
    /// A lost index is being rebuilt. Its last view stays visible until the new one is complete.
    is_replacement: bool,
}

impl SearchIndex {
    /// Opens the index in its folder. A missing or damaged index, or one of another version, is created again at
    /// position 0. Fails if another process uses it or the folder is not writable.
    pub fn open(dir: &Path) -> Result<Self, SearchError> {
        Self::open_with(dir, Vocabulary::default())
    }

    /// The same with a campus's own skill names. An index made with other names is created again.
    pub fn open_with(dir: &Path, vocabulary: Vocabulary) -> Result<Self, SearchError> {
        std::fs::create_dir_all(dir)?;
        folder::check_free(dir)?;
        if folder::has_index(dir) {
            // tantivy can panic on damage that no checksum covers.
            let opened = catch_unwind(AssertUnwindSafe(|| {
                Self::open_existing(dir, vocabulary.clone())
            }));
            match opened {
                Ok(Ok(index)) => return Ok(index),
                Ok(Err(SearchError::Locked(dir))) => return Err(SearchError::Locked(dir)),
                Ok(Err(error)) => {
                    tracing::warn!(%error, folder = %dir.display(), "rebuilding the search index");
                }
                Err(_) => {
                    tracing::warn!(folder = %dir.display(), "the search index is damaged; rebuilding it");
                }
            }
        }
        folder::clear(dir)?;
        Self::start(dir, folder::create(dir)?, 0, vocabulary)
    }

    fn open_existing(dir: &Path, vocabulary: Vocabulary) -> Result<Self, SearchError> {
        let (index, position) = folder::open(dir, vocabulary.stamp())?;
        Self::start(dir, index, position, vocabulary)
    }

    fn start(
        dir: &Path,
        mut index: Index,
        position: u64,
        vocabulary: Vocabulary,
    ) -> Result<Self, SearchError> {
        index.set_tokenizers(tokens::manager());
        let (_, fields) = schema::build();
        let mut feed = Feed {
            reader: open_reader(&index)?,
            index,
            writer: None,
            rows: RowCache::default(),
            vocabulary,
            position,
            waiting: 0,
            is_changed: false,
            is_replacement: false,
        };
        feed.writer()?;
        let searcher = feed.reader.searcher();
        let view = View::load(searcher, fields, &mut feed.rows, &feed.vocabulary)?;
        Ok(Self {
            dir: dir.to_owned(),
            fields,
            feed: Mutex::new(feed),
            view: RwLock::new(Arc::new(view)),
            position: AtomicU64::new(position),
        })
    }

    /// The log position up to which the index is complete. 0: index everything.
    pub fn position(&self) -> u64 {
        self.position.load(Ordering::Acquire)
    }

    /// Applies edits in order, and commits them with the position, including edits staged before. Then readers see
    /// them. After a failure, the index is at `position`, without the staged edits: continue from there.
    pub fn apply(&self, edits: Vec<Edit>, position: u64) -> Result<(), SearchError> {
        let mut feed = self.feed();
        let committed = feed
            .write(&self.fields, edits)
            .and_then(|()| feed.commit(position));
        if let Err(error) = committed {
            feed.discard_writer();
            return Err(error);
        }
        self.position.store(position, Ordering::Release);
        if feed.is_changed && !(feed.is_replacement && position == 0) {
            feed.reader.reload()?;
            let Feed {
                reader,
                rows,
                vocabulary,
                ..
            } = &mut *feed;
            let view = View::load(reader.searcher(), self.fields, rows, vocabulary)?;
            *self.view.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(view);
            feed.is_changed = false;
            feed.is_replacement = false;
        }
        Ok(())
    }

    /// Whether files of the last commit are missing from the folder. Searches still work on the open files, but the
    /// index cannot be updated, and the next start would find nothing.
    pub fn is_lost(&self) -> bool {
        let feed = self.feed();
        // A merge may delete files between the two checks.
        (0..2).all(|_| folder::lacks_files(&self.dir, &feed.index))
    }

    /// Starts a new index in the same folder at position 0, after the old one was lost. Readers see the old view until
    /// an `apply` with a position completes the new one.
    pub fn replace(&self) -> Result<(), SearchError> {
        let mut feed = self.feed();
        feed.discard_writer();
        std::fs::create_dir_all(&self.dir)?;
        folder::clear(&self.dir)?;
        let mut index = folder::create(&self.dir)?;
        index.set_tokenizers(tokens::manager());
        feed.reader = open_reader(&index)?;
        feed.index = index;
        feed.rows = RowCache::default();
        feed.position = 0;
        feed.is_replacement = true;
        self.position.store(0, Ordering::Release);
        Ok(())
    }

    /// Adds edits that become visible only with the next `apply`, for a rebuild. Fails like `apply`.
    pub fn stage(&self, edits: Vec<Edit>) -> Result<(), SearchError> {
        let mut feed = self.feed();
        let staged = feed.write(&self.fields, edits);
        if staged.is_err() {
            feed.discard_writer();
        }
        staged
    }

    /// A page of jobs, the total, and the facets.
    pub fn find(&self, query: &JobQuery) -> Result<Found, SearchError> {
        find::find(&self.view(), query)
    }

    /// Completions from open jobs' titles, skills and workplaces.
    pub fn suggest(&self, text: &str, limit: usize) -> Result<Vec<Suggestion>, SearchError> {
        suggest(&self.view(), text, limit)
    }

    /// The open postings that match interests best, except some.
    pub fn similar(
        &self,
        interests: &Interests,
        but: &[JobId],
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<JobId>, SearchError> {
        similar(&self.view(), interests, but, now, limit)
    }

    /// Marks a query's words in the jobs found.
    pub fn snippeter(&self, q: &str) -> Result<Arc<Snippeter>, SearchError> {
        let view = self.view();
        view.answers.snippeter(q, || Snippeter::new(&view, q))
    }

    fn view(&self) -> Arc<View> {
        self.view
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn feed(&self) -> MutexGuard<'_, Feed> {
        let mut feed = self.feed.lock().unwrap_or_else(|poisoned| {
            // A panic may have left half a batch.
            let mut feed = poisoned.into_inner();
            feed.discard_writer();
            feed
        });
        self.feed.clear_poison();
        feed.is_changed |= feed.writer.is_none();
        feed
    }
}

impl Feed {
    /// The writer. After a failure it is created again at the last commit.
    fn writer(&mut self) -> Result<&mut IndexWriter, SearchError> {
        let writer = match self.writer.take() {
            Some(writer) => writer,
            None => open_writer(&self.index)?,
        };
        Ok(self.writer.insert(writer))
    }

    fn write(&mut self, fields: &Fields, edits: Vec<Edit>) -> Result<(), SearchError> {
        self.is_changed |= !edits.is_empty();
        for edit in edits {
            let writer = self.writer()?;
            let id = match &edit {
                Edit::Upsert(job) => job.job_id,
                Edit::Remove(id) => *id,
            };
            writer.delete_term(Term::from_field_bytes(fields.id, id.as_bytes()));
            if let Edit::Upsert(job) = edit {
                let document = fields.document(&job, &self.vocabulary);
                self.writer()?.add_document(document)?;
                self.waiting += 1;
            }
            if self.waiting >= MAX_WAITING {
                // The position stays: after a crash everything is sent again, and upserts may repeat.
                self.commit(self.position)?;
            }
        }
        Ok(())
    }

    fn commit(&mut self, position: u64) -> Result<(), SearchError> {
        let payload = folder::payload(position, self.vocabulary.stamp());
        let mut prepared = self.writer()?.prepare_commit()?;
        prepared.set_payload(&payload);
        prepared.commit()?;
        self.position = position;
        self.waiting = 0;
        Ok(())
    }

    fn discard_writer(&mut self) {
        self.writer = None;
        self.waiting = 0;
        self.is_changed = true;
    }
}

fn open_reader(index: &Index) -> Result<IndexReader, SearchError> {
    let reader = index
        .reader_builder()
        .reload_policy(ReloadPolicy::Manual)
        .doc_store_cache_num_blocks(0)
        .try_into()?;
    Ok(reader)
}

fn open_writer(index: &Index) -> Result<IndexWriter, SearchError> {
    let options = IndexWriterOptions::builder()
        .num_worker_threads(1)
        .num_merge_threads(1)
        .memory_budget_per_thread(WRITER_BYTES)
        .build();
    let writer = index.writer_with_options(options)?;
    let mut merges = LogMergePolicy::default();
    merges.set_min_num_segments(MERGE_SEGMENTS);
    merges.set_min_layer_size(SMALLEST_SIZE_JOBS);
    merges.set_level_log_size(SIZE_LOG2);
    merges.set_del_docs_ratio_before_merge(MOST_DELETED);
    writer.set_merge_policy(Box::new(merges));
    Ok(writer)
}
