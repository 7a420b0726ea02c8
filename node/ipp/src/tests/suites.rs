//! The suites of CUPS, as they are installed, in front of jobs in memory. The end-to-end tests run
//! them in front of a whole node.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;

use super::memory::Memory;
use crate::Owners;

/// Where CUPS keeps them.
const SUITES: &str = "/usr/share/cups/ipptool";

#[tokio::test(flavor = "multi_thread")]
async fn the_suites_of_cups_find_no_fault() {
    if !Path::new(SUITES).is_dir() {
        eprintln!("skipped: the suites of CUPS are not installed");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let sample = folder.path().join("sample.pdf");
    std::fs::write(&sample, b"%PDF-1.4\n1 0 obj<<>>endobj\n").unwrap();
    for name in ["document-a4.pdf", "document-letter.pdf"] {
        std::fs::copy(&sample, folder.path().join(name)).unwrap();
    }
    for name in ["color.jpg", "gray.jpg"] {
        std::fs::write(folder.path().join(name), [0xff, 0xd8, 0xff, 0xe0, 0, 16]).unwrap();
    }
    // Not printed, but opened.
    for name in ["document-a4.ps", "document-letter.ps"] {
        std::fs::write(folder.path().join(name), b"%!PS\n").unwrap();
    }
    for suite in ["1.1", "2.0", "2.1", "2.2", "everywhere"] {
        for name in std::fs::read_dir(SUITES).unwrap() {
            let name = name.unwrap();
            std::fs::copy(name.path(), folder.path().join(name.file_name())).unwrap();
        }
        let memory = Memory::of(&["charlie"]);
        let mut owners = Owners::default();
        let me = std::env::var("USER").unwrap_or_else(|_| "root".into());
        owners.users.insert(me, "charlie".parse().unwrap());
        let address = memory.serve(owners).await;
        let releasing = tokio::spawn(memory.clone().release_all());
        for scheme in ["ipp", "ipps"] {
            let run = Command::new("ipptool")
                .args(["-V", if suite == "everywhere" { "2.0" } else { suite }])
                .args(["-tIf", "sample.pdf"])
                .arg(format!("{scheme}://localhost:{}/ipp/print", address.port()))
                .arg(format!("ipp-{suite}.test"))
                .current_dir(folder.path())
                .stdin(Stdio::null())
                .kill_on_drop(true)
                .output();
            let ended = timeout(Duration::from_secs(180), run)
                .await
                .unwrap()
                .unwrap();
            let said = String::from_utf8_lossy(&ended.stdout);
            let count = |verdict| said.lines().filter(|line| line.ends_with(verdict)).count();
            let (passed, skipped) = (count("[PASS]"), count("[SKIP]"));
            println!("{suite} over {scheme}: {passed} passed, {skipped} skipped");
            assert!(
                ended.status.success(),
                "{}",
                String::from_utf8_lossy(&ended.stderr)
            );
            assert!(!said.contains("[FAIL]"), "{suite} over {scheme}:\n{said}");
            assert!(said.contains("[PASS]"), "{suite} over {scheme}:\n{said}");
        }
        releasing.abort();
    }
}
