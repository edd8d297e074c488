//! A disk of a test's own, small enough to be full: a tmpfs, which needs a machine that lets the test mount one.

use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

pub struct SmallDisk {
    pub path: PathBuf,
}

const ROOM: &str = "900m";

impl SmallDisk {
    /// `None` where this user may not mount: then there is no full disk to be tested on this machine. Who may, must get one.
    pub fn mounted() -> Option<SmallDisk> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        // Not under a folder that only its owner enters: PostgreSQL runs as somebody else.
        let path = std::env::temp_dir().join(format!("hanse-small-disk-{}-{number}", std::process::id()));
        std::fs::create_dir(&path).expect("a folder");
        let disk = SmallDisk { path };
        if disk.mount(&format!("size={ROOM},mode=0755")) {
            return Some(disk);
        }
        assert!(!may_mount(), "no tmpfs can be mounted, though this process may mount");
        eprintln!("NOT TESTED: this process may not mount a tmpfs (CAP_SYS_ADMIN)");
        None
    }

    fn mount(&self, options: &str) -> bool {
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", options, "hanse-small-disk"]).arg(&self.path);
        mount.status().is_ok_and(|status| status.success())
    }

    /// What is free is taken away.
    pub fn is_filled(&self) {
        let said = Command::new("df").args(["--block-size=1", "--output=used"]).arg(&self.path).output();
        let said = String::from_utf8(said.expect("df").stdout).expect("text");
        let used: u64 = said.lines().nth(1).and_then(|line| line.trim().parse().ok()).expect("a number");
        // Processes go on writing meanwhile, and less than is used is refused.
        let full = (0..50_u64).any(|more| self.mount(&format!("remount,size={}", used + more * 64 * 1024)));
        assert!(full, "the disk can be made as small as what is on it");
    }

    pub fn has_room_again(&self) {
        assert!(self.mount(&format!("remount,size={ROOM}")), "the disk can be made larger");
    }
}

/// Whether the process has the right that mounting needs (capabilities(7)).
fn may_mount() -> bool {
    const CAP_SYS_ADMIN: u64 = 1 << 21;
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux tells");
    let held = status.lines().find_map(|line| line.strip_prefix("CapEff:")).map(str::trim);
    held.and_then(|held| u64::from_str_radix(held, 16).ok()).expect("a set of rights") & CAP_SYS_ADMIN != 0
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _gone = Command::new("umount").arg("-l").arg(&self.path).status();
        let _gone = std::fs::remove_dir(&self.path);
    }
}
