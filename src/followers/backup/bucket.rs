//! The bucket of the scheduled backups. A backup goes there in parts, and shows under its name only when the bucket has put
//! all of them together. So every object with that name is a good backup. Only objects with the names of `name.rs` are
//! ever counted or deleted.

mod client;

pub(super) use client::BucketError;

use std::fs::File;
use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};
use rusty_s3::actions::{CreateMultipartUpload, ListObjectsV2, S3Action as _};
use rusty_s3::{Credentials, actions};

use super::name::{START, Saved, beyond, time_in};
use crate::config::{BackupSettings, BucketAddress};
use client::{Client, Content, Part};

/// Size of a part. One that fails is sent again.
const PART_BYTES: u64 = 16 * 1024 * 1024;
/// Most parts of an upload, by the rules of S3. A larger backup gets larger parts.
const MAX_PARTS: u64 = 10_000;
/// Most pages of a list, each of up to 1,000 names.
const MAX_PAGES: usize = 1_000;

pub(super) struct Bucket {
    pub(super) address: BucketAddress,
    client: Client,
}

impl Bucket {
    /// `None`: the settings name no bucket.
    pub(super) fn new(settings: &BackupSettings) -> Option<Self> {
        let address = settings.bucket.clone()?;
        let secret = settings.secret_key.reveal();
        let credentials = Credentials::new(&*settings.access_key, secret);
        Some(Self {
            client: Client::new(&address, &settings.region, credentials),
            address,
        })
    }

    fn object(&self, name: &str) -> String {
        format!("{}{name}", self.address.prefix)
    }

    /// The complete backups, by the names of their objects.
    pub(super) fn saved(
        &self,
        may_go_on: &dyn Fn() -> bool,
    ) -> Result<Vec<Saved<String>>, BucketError> {
        let mut saved = Vec::new();
        let mut list = ListObjectsV2::new(&self.client.bucket, Some(&self.client.credentials));
        list.with_prefix(self.object(START));
        for _ in 0..MAX_PAGES {
            let page = self.client.send(&list, Content::Nothing, may_go_on)?;
            let page = ListObjectsV2::parse_response(&page.text);
            let page = page.map_err(|_| BucketError::Unclear("a request for its list"))?;
            saved.extend(page.contents.into_iter().filter_map(|object| {
                let name = object.key.strip_prefix(&self.address.prefix)?;
                Some(Saved {
                    taken_at: time_in(name)?,
                    place: object.key,
                })
            }));
            match page.next_continuation_token {
                Some(next) => list.with_continuation_token(next),
                None => return Ok(saved),
            }
        }
        Err(BucketError::Unclear("a request for its list"))
    }

    /// Uploads a backup. If this fails, the bucket keeps nothing of it, as far as it can be reached.
    pub(super) fn upload(
        &self,
        file: &File,
        name: &str,
        may_go_on: &dyn Fn() -> bool,
    ) -> Result<(), BucketError> {
        let object = self.object(name);
        let create = self
            .client
            .bucket
            .create_multipart_upload(Some(&self.client.credentials), &object);
        let created = self.client.send(&create, Content::Text(""), may_go_on)?;
        let created = CreateMultipartUpload::parse_response(&created.text);
        let created = created.map_err(|_| BucketError::Unclear("the start of an upload"))?;
        let upload = Upload {
            bucket: self,
            object: &object,
            id: created.upload_id(),
            may_go_on,
        };
        let uploaded = upload.run(file);
        if uploaded.is_err() {
            upload.abort();
        }
        uploaded
    }

    /// Deletes the oldest backups beyond the number to keep.
    pub(super) fn remove_old(&self, new: &str, keep: usize, may_go_on: &dyn Fn() -> bool) {
        let saved = match self.saved(may_go_on) {
            Ok(saved) => saved,
            Err(error) => {
                tracing::warn!(bucket = %self.address, %error, "could not look for old backups");
                return;
            }
        };
        for old in beyond(saved, &self.object(new), keep) {
            let delete = self
                .client
                .bucket
                .delete_object(Some(&self.client.credentials), &old);
            if let Err(error) = self.client.send(&delete, Content::Nothing, may_go_on) {
                tracing::warn!(bucket = %self.address, object = old, %error, "could not delete an old backup");
            }
        }
    }
}

/// An upload that was started.
struct Upload<'a> {
    bucket: &'a Bucket,
    object: &'a str,
    id: &'a str,
    may_go_on: &'a dyn Fn() -> bool,
}

impl Upload<'_> {
    fn run(&self, file: &File) -> Result<(), BucketError> {
        let size = file.metadata()?.len();
        let part_bytes = PART_BYTES.max(size.div_ceil(MAX_PARTS));
        let mut tags = Vec::new();
        for (number, start) in (1..).zip((0..size).step_by(part_bytes as usize)) {
            tags.push(self.part(file, number, start, part_bytes.min(size - start))?);
        }
        let completed = self.complete(&tags);
        if matches!(completed, Err(BucketError::Stopped)) {
            return completed;
        }
        // The answer may have been lost, and the request repeated. What the bucket has decides.
        match (self.size(), completed) {
            (Ok(Some(found)), _) if found == size => Ok(()),
            (_, Err(error)) | (Err(error), Ok(())) => Err(error),
            (Ok(found), Ok(())) => Err(BucketError::Incomplete {
                found,
                wanted: size,
            }),
        }
    }

    /// Returns the tag that the bucket gives to the part.
    fn part(
        &self,
        file: &File,
        number: u16,
        start: u64,
        bytes: u64,
    ) -> Result<String, BucketError> {
        let mut digest = Md5::new();
        io::copy(
            &mut Part::read(file, start, bytes)?,
            &mut Digested(&mut digest),
        )?;
        let md5 = STANDARD.encode(digest.finalize());
        let client = &self.bucket.client;
        let credentials = Some(&self.bucket.client.credentials);
        let mut put = client
            .bucket
            .upload_part(credentials, self.object, number, self.id);
        put.headers_mut().insert("content-md5", md5.clone());
        let part = Part {
            file,
            start,
            bytes,
            md5: &md5,
        };
        let answer = client.send(&put, Content::Part(&part), self.may_go_on)?;
        let tag = answer.headers.get("etag").and_then(|tag| tag.to_str().ok());
        let tag = tag.ok_or(BucketError::Unclear("a part of the backup"))?;
        Ok(tag.to_owned())
    }

    fn complete(&self, tags: &[String]) -> Result<(), BucketError> {
        let tags = tags.iter().map(String::as_str);
        let (client, credentials) = (&self.bucket.client, Some(&self.bucket.client.credentials));
        let bucket = &client.bucket;
        let complete = bucket.complete_multipart_upload(credentials, self.object, self.id, tags);
        let body = complete.clone().body();
        client.send(&complete, Content::Text(&body), self.may_go_on)?;
        Ok(())
    }

    /// The size of the object. `None`: there is none, or its size is unknown.
    fn size(&self) -> Result<Option<u64>, BucketError> {
        let client = &self.bucket.client;
        let head = actions::HeadObject::new(
            &client.bucket,
            Some(&self.bucket.client.credentials),
            self.object,
        );
        match client.send(&head, Content::Nothing, self.may_go_on) {
            Ok(answer) => {
                let size = answer.headers.get("content-length");
                Ok(size.and_then(|size| size.to_str().ok()?.parse().ok()))
            }
            Err(BucketError::Refused(refusal)) if refusal.status == 404 => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Deletes what the bucket has of a failed upload.
    fn abort(&self) {
        let client = &self.bucket.client;
        let credentials = Some(&self.bucket.client.credentials);
        let abort = client
            .bucket
            .abort_multipart_upload(credentials, self.object, self.id);
        let aborted = client.send(&abort, Content::Nothing, &|| true);
        if let Err(error) = aborted
            && error.code() != "NoSuchUpload"
        {
            tracing::warn!(object = self.object, %error, "could not remove an incomplete upload of a backup");
        }
    }
}

struct Digested<'a>(&'a mut Md5);

impl io::Write for Digested<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
