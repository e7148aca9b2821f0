//! Backups that only the owner of a key can read.

use super::*;
use crate::support::process;
use age::secrecy::ExposeSecret as _;
use age::x25519::Identity;
use std::io::Read as _;

impl Site {
    /// The identity file of a new key, and the public key.
    fn key(&self, name: &str) -> (String, String) {
        let key = Identity::generate();
        let path = self.path(name);
        let text = format!(
            "# {}\n{}\n",
            key.to_public(),
            key.to_string().expose_secret()
        );
        std::fs::write(&path, text).unwrap();
        (
            path.to_str().unwrap().to_owned(),
            key.to_public().to_string(),
        )
    }
}

#[actix_web::test]
async fn one_by_hand_comes_back_only_with_its_key() {
    let board = Board::start();
    let employer = board.join("employer", "library@example.edu").await;
    board.post_job(&employer, json!({"jobTitle": "Kept"})).await;
    let student = board.join("student", "ann@example.edu").await;
    upload(&board, &student, 300_000).await;
    let folder = board.stop().await;

    let site = Site::new();
    let (own, public) = site.key("own.txt");
    let (other, _) = site.key("other.txt");
    let file = site.path("board.backup.age");
    let name = file.to_str().unwrap();
    let save = || corkboard(folder.path(), &["backup", "--recipient", &public, name]);
    done(&save());
    let bytes = std::fs::read(&file).unwrap();
    assert!(bytes.starts_with(b"age-encryption.org/v1\n"));
    assert!(!bytes.windows(40).any(|part| part == [b' '; 40]));

    let nowhere = site.path("nowhere");
    let refused = |bytes: &[u8], identity: &[&str], words: &str| {
        let file = site.file(bytes);
        let arguments = [&["restore", "--replace", &file], identity].concat();
        for folder in [&*nowhere, folder.path()] {
            let said = failed(&corkboard(folder, &arguments));
            assert_eq!(said, format!("corkboard: {file}: {words}\n"));
        }
        assert!(!nowhere.exists());
        assert!(!folder.path().join("store.restoring").exists());
    };
    let with_own = ["--identity", &own];
    refused(
        &bytes,
        &[],
        "this backup is encrypted; name the file with the private key: --identity FILE",
    );
    refused(
        &bytes,
        &["--identity", &other],
        "this backup is encrypted for another key than the one in the identity file",
    );
    let broken = "this encrypted backup is incomplete or damaged";
    let mut changed = bytes.clone();
    changed[bytes.len() / 2] ^= 1;
    refused(&changed, &with_own, broken);
    for end in [bytes.len() - 1, bytes.len() / 2, 100, 22] {
        refused(&bytes[..end], &with_own, broken);
    }
    let identity = |text: &[u8]| {
        let path = site.path("broken.txt");
        std::fs::write(&path, text).unwrap();
        let path = path.to_str().unwrap().to_owned();
        failed(&corkboard(
            &nowhere,
            &["restore", name, "--identity", &path],
        ))
    };
    let said = identity(b"# nothing\n");
    assert!(
        said.contains("broken.txt: there is no private key in it"),
        "{said}"
    );
    let said = identity(format!("\n{public}\n").as_bytes());
    assert!(
        said.contains("broken.txt: line 2 is not a private key"),
        "{said}"
    );
    assert!(!said.contains(&public), "{said}");
    failed(&corkboard(
        &nowhere,
        &["restore", name, "--identity", "absent"],
    ));

    let restored = site.path("restored");
    done(&corkboard(
        &restored,
        &["restore", name, "--identity", &own],
    ));
    assert_sound(&restored);
    done(&corkboard(
        folder.path(),
        &["restore", "--replace", name, "--identity", &own],
    ));
    assert_sound(folder.path());

    // It is a file of `age`, and what is in it is a backup.
    let key: Identity = std::fs::read_to_string(&own)
        .unwrap()
        .lines()
        .last()
        .unwrap()
        .parse()
        .unwrap();
    let decryptor = age::Decryptor::new(&bytes[..]).unwrap();
    let mut plain = Vec::new();
    let mut reader = decryptor
        .decrypt(std::iter::once(&key as &dyn age::Identity))
        .unwrap();
    reader.read_to_end(&mut plain).unwrap();
    let plain = site.file(&plain);
    assert!(!rows(Path::new(&plain)).is_empty());
    done(&corkboard(&restored, &["restore", "--replace", &plain]));

    // A later one replaces it, but not an encrypted file with another name.
    done(&save());
    assert_ne!(std::fs::read(&file).unwrap(), bytes);
    let secrets = site.path("secrets.age");
    std::fs::write(&secrets, &bytes).unwrap();
    let arguments = ["backup", "--recipient", &public, secrets.to_str().unwrap()];
    let said = failed(&corkboard(folder.path(), &arguments));
    assert!(said.contains("ends in .backup.age"), "{said}");
    assert_eq!(std::fs::read(&secrets).unwrap(), bytes);
}

#[test]
fn one_on_standard_output_is_encrypted_too() {
    let site = Site::new();
    let data = site.path("data");
    process::create_board(&data);
    let (own, public) = site.key("own.txt");
    let output = corkboard(&data, &["backup", "-", "--recipient", &public]);
    done_binary(&output);
    let file = site.file(&output.stdout);
    done(&corkboard(
        &site.path("restored"),
        &["restore", &file, "--identity", &own],
    ));
}

/// A private key, or one with a typo, would be found out only when the backup is needed.
#[test]
fn only_a_public_key_is_taken() {
    let site = Site::new();
    let data = site.path("data");
    process::create_board(&data);
    let (own, public) = site.key("own.txt");
    let text = std::fs::read_to_string(own).unwrap();
    let private = text.lines().last().unwrap();
    for key in [private, &public[..61], "ssh-ed25519 AAAA"] {
        let output = corkboard(&data, &["backup", "--recipient", key, "a.backup.age"]);
        assert_eq!(output.status.code(), Some(2));
        let settings = format!("[backup]\nfolder = \"backups\"\nrecipient = {key:?}\n");
        std::fs::write(site.path("config.toml"), settings).unwrap();
        let said = failed(&corkboard(&data, &["serve", "--listen", "127.0.0.1:0"]));
        let sentence = "line 3: backup.recipient must be empty or a public key of age";
        assert!(said.contains(sentence), "{said}");
        assert!(!said.contains(key), "{said}");
        std::fs::remove_file(site.path("config.toml")).unwrap();
    }
}

#[actix_web::test]
async fn a_download_is_encrypted_if_there_is_a_key() {
    let site = Site::new();
    let (own, public) = site.key("own.txt");
    let board = Board::start_with(Clock::System, |config| {
        config.backup.recipient = Some(public.parse().unwrap());
    });
    let admin = board.admin().await;
    let employer = board.join("employer", "library@example.edu").await;
    board.post_job(&employer, json!({"jobTitle": "Kept"})).await;
    let answer = asked(&board, &admin).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let name = answer.headers()["content-disposition"].to_str().unwrap();
    assert!(name.ends_with(".backup.age\""), "{name}");
    let bytes = answer.bytes().await.unwrap();
    assert!(bytes.starts_with(b"age-encryption.org/v1\n"));
    let file = site.file(&bytes);
    let restored = tempfile::tempdir().unwrap();
    failed(&corkboard(restored.path(), &["restore", &file]));
    done(&corkboard(
        restored.path(),
        &["restore", &file, "--identity", &own],
    ));
    assert_sound(restored.path());
    board.stop().await;
    let board = Board::start_in(restored, Clock::System, |_| {});
    let found = board.get(None, "jobs").await.expect(200).json();
    assert_eq!(found["items"][0]["jobTitle"], "Kept");
    board.stop().await;
}
