//! The command line as it is typed.
#![allow(clippy::unwrap_used)]

use clap::CommandFactory;
use clap::error::ErrorKind;

use super::*;

fn parse(line: &str) -> Result<Cli, clap::Error> {
    Cli::try_parse_from(line.split(' '))
}

#[test]
fn the_definition_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn every_documented_form_is_understood() {
    for line in [
        "papermesh init --site Acme --name desk",
        "papermesh init --site Acme --name desk --role client,printer --passphrase-stdin",
        "papermesh invite --role printer --name hall --ttl 1h",
        "papermesh join papermesh-invite-1:ABC --name hall",
        "papermesh join",
        "papermesh join --role printer --name hall --site Acme",
        "papermesh pending --wait 1m",
        "papermesh approve 123456 --passphrase-file /run/secret",
        "papermesh members --json",
        "papermesh revoke desk",
        "papermesh site export site.sealed --passphrase-stdin",
        "papermesh site import - --passphrase-stdin",
        "papermesh site policy",
        "papermesh site policy --login badge+pin --job-lifetime 8h",
        "papermesh run --listen /ip4/127.0.0.1/tcp/0 --bootstrap /ip4/192.0.2.1/tcp/1/p2p/12D3 --no-mdns --ipp 127.0.0.1:8631 --panel [::1]:8080 --portal 127.0.0.1:8080 --output tray:/tmp/out",
        "papermesh --home /tmp/home status --wait 30s --json",
        "papermesh user add charlie --display Charlie --badge 0123456789 --group staff --group board",
        "papermesh user enroll papermesh-user-1:ABC --pin-stdin",
        "papermesh user link",
        "papermesh user link papermesh-link-1:ABC",
        "papermesh user list",
        "papermesh user badge charlie 0123456789 --remove",
        "papermesh user disable charlie",
        "papermesh user enable charlie",
        "papermesh user pin --pin-stdin",
        "papermesh print report.pdf --user charlie --title Report --copies 2 --sides two-sided-long-edge --color monochrome --expires 8h --to hall",
        "papermesh print - --format application/pdf --pin-stdin --media iso_a4_210x297mm",
        "papermesh print photo.jpg --media A4 --scaling none --as-image",
        "papermesh jobs",
        "papermesh jobs --user charlie",
        "papermesh jobs list --user charlie",
        "papermesh jobs show abcdef",
        "papermesh jobs delete abcdef",
        "papermesh jobs protect abcdef",
        "papermesh jobs unprotect abcdef",
        "papermesh jobs unprotect 12",
        "papermesh jobs --all",
        "papermesh jobs history --user charlie",
        "papermesh jobs move 12 1",
        "papermesh jobs follow --user charlie",
        "papermesh user show --user charlie",
        "papermesh open",
        "papermesh open --user charlie --print",
        "papermesh open --admin --print --json",
        "papermesh print - --pages 1-3,7 --priority 80 --hold 2h --pin-stdin --job-pin-stdin",
        "papermesh release --user charlie --pin-stdin --job abcdef --job-pin-stdin",
        "papermesh release --user charlie --pin-stdin --list",
        "papermesh release --badge 0123456789 --pin-stdin --all --keep",
        "papermesh release --user charlie --pin-stdin --job abcdef --job 123456 --delete 654321",
        "papermesh release --user charlie --pin-stdin --delete 654321",
        "papermesh audit --since 24h --json",
        "papermesh audit verify",
        "papermesh doctor",
        "papermesh completions zsh",
        "papermesh man /tmp/man",
    ] {
        if let Err(error) = parse(line) {
            panic!("{line}\n{error}");
        }
    }
}

#[test]
fn nonsense_is_bad_usage() {
    for line in [
        "papermesh",
        "papermesh fly",
        "papermesh init --site Acme",
        "papermesh invite",
        "papermesh invite --role king",
        "papermesh invite --role client --ttl 8d",
        "papermesh join papermesh-invite-1:ABC --role printer",
        "papermesh run --listen 127.0.0.1:80",
        "papermesh run --max-spool much",
        "papermesh user add a/b",
        "papermesh user link papermesh-link-1:ABC --user charlie",
        "papermesh print report.pdf --copies 0",
        "papermesh print report.pdf --copies 1000",
        "papermesh print report.pdf --expires 31d",
        "papermesh print report.pdf --sides both",
        "papermesh jobs delete abc",
        "papermesh open --admin --user charlie",
        "papermesh release --list",
        "papermesh release --user charlie",
        "papermesh release --user charlie --badge 1 --list",
        "papermesh release --user charlie --list --all",
        "papermesh release --user charlie --all --job abcdef",
        "papermesh init --site Acme --name desk --passphrase secret",
        "papermesh user enroll papermesh-user-1:ABC --pin 4711",
    ] {
        let error = parse(line).map(|_| ()).expect_err(line);
        assert_eq!(error.exit_code(), 2, "{line}");
    }
}

/// Whether a sentence begins where none has ended: what is said in short and what is said at length are paragraphs of
/// their own.
fn runs_on(text: &str) -> bool {
    const BEGIN: [&str; 8] = ["A", "An", "For", "If", "Options", "The", "Who", "With"];
    let words: Vec<&str> = text.split_whitespace().collect();
    words
        .windows(2)
        .any(|two| two[0].ends_with(char::is_alphanumeric) && BEGIN.contains(&two[1]))
}

#[test]
fn help_and_version_are_there_for_every_command() {
    fn visit(command: &clap::Command, path: &str) {
        let about = command.get_about().map(ToString::to_string);
        let about = about.unwrap_or_else(|| panic!("{path} says nothing of itself"));
        assert!(!runs_on(&about), "{path}: {about}");
        for argument in command.get_arguments() {
            let id = argument.get_id();
            let help = argument.get_help().map(ToString::to_string);
            let help = help.unwrap_or_else(|| panic!("{path} {id} says nothing of itself"));
            assert!(!runs_on(&help), "{path} {id}: {help}");
        }
        for sub in command.get_subcommands() {
            visit(sub, &format!("{path} {}", sub.get_name()));
        }
    }
    visit(&Cli::command(), "papermesh");
    assert_eq!(
        parse("papermesh --version").map(|_| ()).unwrap_err().kind(),
        ErrorKind::DisplayVersion
    );
}

#[test]
fn manual_pages_and_completions_are_made() {
    let folder = tempfile::tempdir().unwrap();
    clap_mangen::generate_to(Cli::command(), folder.path()).unwrap();
    for page in [
        "papermesh.1",
        "papermesh-user-enroll.1",
        "papermesh-release.1",
    ] {
        assert!(folder.path().join(page).exists(), "{page}");
    }
}
