//! The one way to write a file: for its owner's eyes only (0600), and never through a link that somebody put in its place.
//!
//! What exeunt writes tells who can reach what. A folder that others may write to (`/tmp`, a shared drive) must neither let them read that, nor turn
//! a report into a way to overwrite another file of ours.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

/// Opens a file to be written anew. What stood in it is gone; others can read it no longer.
///
/// # Errors
/// The file is a link (also a second name of another file), belongs to somebody else, or can't be written.
pub fn create(path: &Path) -> io::Result<File> {
    // `/dev/stdout` is a link by design, and only the machine's owner makes names there. Everybody makes names in `/dev/shm`.
    if ["/dev", "/dev/fd"].map(Path::new).iter().any(|folder| path.parent() == Some(folder)) {
        return OpenOptions::new().write(true).open(path);
    }
    let file = keep(path)?;
    if file.metadata()?.is_file() {
        file.set_len(0)?;
    }
    Ok(file)
}

/// Opens a file to be written, and leaves in it what is there: for locks, and for a store that SQLite is to make.
///
/// # Errors
/// As [`create`].
pub fn keep(path: &Path) -> io::Result<File> {
    refuse_link(path)?;
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    no_follow(&mut options);
    let file = options.open(path).map_err(|error| if is_link(path) { linked(path) } else { error })?;
    close_to_others(&file, path)?;
    Ok(file)
}

/// Closes a file to others without opening it, if it is there: a program that closes SQLite's file loses the locks that it holds on it. Says whether
/// others could read it.
///
/// # Errors
/// It is a link, or belongs to somebody else.
pub fn close(path: &Path) -> io::Result<bool> {
    refuse_link(path)?;
    #[cfg(unix)]
    if let Ok(found) = path.symlink_metadata() {
        use std::os::unix::fs::PermissionsExt;
        if found.is_file() && found.permissions().mode() & 0o077 != 0 {
            std::fs::set_permissions(path, PermissionsExt::from_mode(0o600))?;
            return Ok(true);
        }
    }
    Ok(false)
}

/// Writes a whole file, in the way of [`create`].
///
/// # Errors
/// As [`create`].
pub fn write(path: &Path, bytes: impl AsRef<[u8]>) -> io::Result<()> {
    let mut file = create(path)?;
    file.write_all(bytes.as_ref())?;
    file.flush()
}

/// Makes a folder that only its owner may look into. One that is there already is refused: it may be somebody else's.
///
/// # Errors
/// It is there already, or can't be made.
pub fn new_folder(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Refuses a path whose last part is a link. Links among its folders are followed: whoever can change those can do anything here.
///
/// # Errors
/// It is a link.
pub fn refuse_link(path: &Path) -> io::Result<()> {
    if is_link(path) { Err(linked(path)) } else { Ok(()) }
}

fn is_link(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|found| found.file_type().is_symlink())
}

fn linked(path: &Path) -> io::Error {
    io::Error::other(format!("{} is a link: write to where it leads, or remove it", path.display()))
}

#[cfg(unix)]
fn no_follow(options: &mut OpenOptions) {
    use std::os::unix::fs::OpenOptionsExt;
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::CLOEXEC;
    options.mode(0o600).custom_flags(flags.bits().cast_signed());
}

#[cfg(unix)]
fn close_to_others(file: &File, path: &Path) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let found = file.metadata()?;
    // A pipe or a device is where somebody wants it to be.
    if !found.is_file() {
        return Ok(());
    }
    if found.nlink() > 1 {
        return Err(io::Error::other(format!("{} is a second name of another file: remove it", path.display())));
    }
    if found.mode() & 0o077 != 0 {
        file.set_permissions(PermissionsExt::from_mode(0o600))
            .map_err(|error| io::Error::new(error.kind(), format!("{} can't be closed to others (chmod 600): {error}", path.display())))?;
    }
    Ok(())
}

#[cfg(not(unix))]
fn no_follow(_: &mut OpenOptions) {}

#[cfg(not(unix))]
fn close_to_others(_: &File, _: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn a_file_is_its_owner_s_and_replaces_nothing_that_a_link_leads_to() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let mode = |name: &str| at(name).metadata().unwrap().permissions().mode() & 0o777;
        write(&at("new"), "x").unwrap();
        assert_eq!(mode("new"), 0o600);
        // One that others could read, and longer than what is written now.
        std::fs::write(at("wide"), "something longer").unwrap();
        std::fs::set_permissions(at("wide"), PermissionsExt::from_mode(0o644)).unwrap();
        write(&at("wide"), "short").unwrap();
        assert_eq!((mode("wide"), std::fs::read_to_string(at("wide")).unwrap().as_str()), (0o600, "short"));
        std::fs::write(at("victim"), "whole").unwrap();
        symlink(at("victim"), at("link")).unwrap();
        symlink(at("not there"), at("dangling")).unwrap();
        std::fs::hard_link(at("victim"), at("second")).unwrap();
        for name in ["link", "dangling"] {
            let error = write(&at(name), "x").unwrap_err().to_string();
            assert!(error.ends_with("is a link: write to where it leads, or remove it"), "{error}");
        }
        assert!(write(&at("second"), "x").unwrap_err().to_string().contains("second name"));
        assert_eq!(std::fs::read_to_string(at("victim")).unwrap(), "whole");
        assert!(!at("not there").exists());
        write(Path::new("/dev/null"), "x").unwrap();
        // A folder below /dev in which everybody makes names.
        if let Ok(memory) = tempfile::tempdir_in("/dev/shm") {
            write(&memory.path().join("new"), "x").unwrap();
            symlink(at("victim"), memory.path().join("link")).unwrap();
            assert!(write(&memory.path().join("link"), "x").is_err());
            assert_eq!(std::fs::read_to_string(at("victim")).unwrap(), "whole");
        }
        new_folder(&at("folder")).unwrap();
        assert_eq!(mode("folder"), 0o700);
        assert!(new_folder(&at("folder")).is_err());
    }
}
