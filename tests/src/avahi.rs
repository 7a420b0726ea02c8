//! Avahi, with a D-Bus of its own, in a network of the test's.

use std::fs;
use std::path::{Path, PathBuf};

use crate::command::{Ended, Invocation};
use crate::machine::SOON;
use crate::network::Namespace;
use crate::process::Process;
use crate::program::system;
use crate::wait::wait_until;

/// A bus on which everybody may do everything.
const BUS: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path=@SOCKET@</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"#;

/// Starts Avahi where `/run` is empty, so that the system's own neither is needed nor notices.
const START: &str = r#"
set -eu
mount -t tmpfs tmpfs /run
mkdir /run/avahi-daemon
exec avahi-daemon --no-drop-root --no-chroot --no-rlimits -f "$1"
"#;

/// A running Avahi.
#[derive(Debug)]
pub struct Avahi {
    bus: PathBuf,
    network: String,
    _daemon: Process,
    _bus: Process,
}

impl Avahi {
    /// Starts one in a network. Needs root.
    ///
    /// # Panics
    /// If it does not start.
    #[must_use]
    pub fn start(folder: &Path, network: &Namespace) -> Self {
        let bus = folder.join(format!("{}-bus", network.name()));
        let file = |name: &str| folder.join(format!("{}-{name}", network.name()));
        let write = |name: &str, text: &str| {
            let path = file(name);
            fs::write(&path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            path
        };
        let bus_conf = write(
            "bus.conf",
            &BUS.replace("@SOCKET@", &bus.display().to_string()),
        );
        let host = format!("host-name={}\n", network.name());
        let avahi_conf = write("avahi.conf", &format!("[server]\n{host}use-ipv6=no\n"));
        let within = |program: &Path| {
            let mut command = std::process::Command::new(system("ip"));
            command.args(["netns", "exec", network.name()]).arg(program);
            command
        };
        let mut command = within(&system("dbus-daemon"));
        command
            .arg("--nofork")
            .arg("--nopidfile")
            .arg(format!("--config-file={}", bus_conf.display()));
        let daemon_of_bus = Process::start("dbus-daemon", &mut command, &file("bus.log"));
        wait_until(SOON, "D-Bus to listen", || bus.exists());
        let mut command = within(&system("unshare"));
        command
            .args(["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"])
            .args(["sh", "-c", START, "sh"])
            .arg(&avahi_conf)
            .env("DBUS_SYSTEM_BUS_ADDRESS", address(&bus));
        let daemon = Process::start("avahi-daemon", &mut command, &file("avahi.log"));
        wait_until(SOON, "Avahi to be ready", || {
            fs::read_to_string(file("avahi.log"))
                .is_ok_and(|log| log.contains("Server startup complete"))
        });
        Self {
            bus,
            network: network.name().to_owned(),
            _daemon: daemon,
            _bus: daemon_of_bus,
        }
    }

    /// The variable that leads programs to it, and its value.
    #[must_use]
    pub fn variable(&self) -> (&'static str, String) {
        ("DBUS_SYSTEM_BUS_ADDRESS", address(&self.bus))
    }

    /// A program of the system, on a computer with this Avahi.
    pub fn program(&self, name: &str) -> Invocation {
        let (variable, value) = self.variable();
        Invocation::new(&system(name), Some(&self.network)).env(variable, value)
    }

    /// What `ippfind` of CUPS finds with these arguments.
    pub fn find(&self, args: &[&str]) -> Ended {
        self.program("ippfind").args(["-T", "5"]).args(args).run()
    }
}

fn address(bus: &Path) -> String {
    format!("unix:path={}", bus.display())
}
