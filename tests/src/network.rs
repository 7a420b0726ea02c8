//! Networks of their own, made of Linux network namespaces: a wire (a bridge) and machines on it.
//! They need root, touch nothing of the host's own network, and vanish with the test.

use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::command::{Invocation, must};

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A network namespace.
#[derive(Debug)]
pub struct Namespace {
    name: String,
}

impl Namespace {
    /// A new one with nothing but loopback.
    ///
    /// # Panics
    /// If it cannot be made, for want of root for example.
    #[must_use]
    pub fn new() -> Self {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("pm{}-{number}", std::process::id());
        must("ip", &["netns", "add", &name]);
        let namespace = Self { name };
        namespace.ip(&["link", "set", "lo", "up"]);
        namespace
    }

    /// Its name, for `ip netns exec`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Has the programs that are started here from now on resolve a host name to this address. Everything
    /// else that the host's file of names says is gone for them.
    ///
    /// # Panics
    /// If it cannot be written.
    pub fn resolves(&self, name: &str, address: Ipv4Addr) {
        let names = format!("127.0.0.1 localhost\n::1 localhost\n{address} {name}\n");
        // ip-netns(8): files here are seen instead of those of /etc.
        let folder = self.etc();
        fs::create_dir_all(&folder)
            .and_then(|()| fs::write(folder.join("hosts"), names))
            .unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    }

    fn etc(&self) -> PathBuf {
        Path::new("/etc/netns").join(&self.name)
    }

    /// Breaks off all connections from here to this port elsewhere.
    pub fn hang_up(&self, port: u16) {
        let _ = Invocation::new(&crate::program::system("ss"), Some(&self.name))
            .args(["-K", "-tn", "dport", "=", &format!(":{port}")])
            .run()
            .succeeded();
    }

    /// Runs `ip` within it.
    fn ip(&self, args: &[&str]) {
        must("ip", &[&["-n", self.name.as_str()][..], args].concat());
    }
}

impl Default for Namespace {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let _ = Invocation::new(&crate::program::system("ip"), None)
            .args(["netns", "del", &self.name])
            .run();
        // There is none where no name was made known.
        let _ = fs::remove_dir_all(self.etc());
    }
}

/// A wire to which machines are plugged: a bridge in a namespace that nothing else runs in.
#[derive(Debug)]
pub struct Wire {
    switch: Namespace,
    subnet: u8,
    plugged: u8,
}

impl Wire {
    /// The network 10.77.`subnet`.0/24.
    #[must_use]
    pub fn new(subnet: u8) -> Self {
        let switch = Namespace::new();
        switch.ip(&[
            "link",
            "add",
            "wire",
            "type",
            "bridge",
            "mcast_snooping",
            "0",
        ]);
        switch.ip(&["link", "set", "wire", "up"]);
        Self {
            switch,
            subnet,
            plugged: 0,
        }
    }

    /// Plugs a namespace in; gives the address that it then has on this wire.
    pub fn plug(&mut self, machine: &Namespace) -> Ipv4Addr {
        self.plugged += 1;
        let address = Ipv4Addr::new(10, 77, self.subnet, self.plugged);
        let (near, far) = (format!("m{}", self.plugged), self.far());
        self.switch.ip(&[
            "link",
            "add",
            &near,
            "type",
            "veth",
            "peer",
            "name",
            &far,
            "netns",
            &machine.name,
        ]);
        self.switch
            .ip(&["link", "set", &near, "master", "wire", "up"]);
        machine.ip(&["addr", "add", &format!("{address}/24"), "dev", &far]);
        machine.ip(&["link", "set", &far, "up"]);
        // Multicast needs a way out.
        machine.ip(&["route", "replace", "224.0.0.0/4", "dev", &far]);
        address
    }

    /// Pulls a namespace's plug out and puts it in again: it has another address on this wire
    /// then, of which nobody there has heard, and another hardware address.
    pub fn plug_anew(&mut self, machine: &Namespace) -> Ipv4Addr {
        machine.ip(&["link", "del", &self.far()]);
        self.plug(machine)
    }

    /// Bytes that a namespace has sent on this wire so far.
    ///
    /// # Panics
    /// If it is not plugged in.
    #[must_use]
    pub fn sent_by(&self, machine: &Namespace) -> u64 {
        let counted = Invocation::new(&crate::program::system("cat"), Some(&machine.name))
            .arg(format!("/sys/class/net/{}/statistics/tx_bytes", self.far()))
            .run()
            .succeeded();
        let count = counted.stdout().trim().parse();
        count.unwrap_or_else(|error| panic!("{error}: {}", counted.stdout()))
    }

    /// What this wire is called where it is plugged in.
    fn far(&self) -> String {
        format!("w{}", self.subnet)
    }
}
