//! What is asked before something is done, tickets that are to be carried elsewhere, and the site on its
//! way into a file. At most one thing at a time, and nothing else can be done meanwhile.

use askama::Template;

use super::{Said, View, admin, remark};
use crate::pages::describe::{Moment, moment};
use crate::pages::{self, Language, Words, picture};
use crate::portal::commands::{AdminCommand, PortalCommand, ROLES, Remark, UserCommand, Wished};
use crate::portal::export::Export;
use crate::portal::limits;
use crate::portal::session::{Ask, ProofBy};
use crate::portal::ticket::{Purpose, Ticket};

#[derive(Template)]
#[template(path = "dialog.html")]
struct Dialog<'a> {
    t: &'a Words,
    base: &'a str,
    version: &'static str,
    /// What is asked of the page.
    what: &'static str,
    title: String,
    text: String,
    /// What was typed makes no sense.
    remark: Option<Said>,
    fields: Vec<Field>,
    hidden: Vec<(&'static str, String)>,
    yes: String,
    /// Another thing that may be done with what is typed.
    other: Option<(&'static str, String)>,
    danger: bool,
}

/// Something to be typed, or to be chosen where there are choices.
struct Field {
    name: &'static str,
    label: String,
    hint: Option<String>,
    value: String,
    /// Values, and what they are called.
    choices: Vec<(String, String)>,
    secret: bool,
    /// Six digits, which another screen shows.
    digits: bool,
    required: bool,
}

#[derive(Template)]
#[template(path = "ticket.html")]
struct Shown<'a> {
    t: &'a Words,
    base: &'a str,
    version: &'static str,
    title: String,
    text: String,
    warning: Option<String>,
    line: &'a str,
    /// What the line and its code are called.
    called: String,
    heard: String,
    until: Moment,
    code: Option<pages::Picture>,
}

#[derive(Template)]
#[template(path = "export.html")]
struct Exported<'a> {
    t: &'a Words,
    base: &'a str,
    version: &'static str,
    file: String,
}

/// What is asked now, if anything is.
pub(super) fn of(view: &View<'_>) -> Result<Option<String>, askama::Error> {
    let state = view.state;
    let dialog = match (&state.ticket, &state.export, &state.ask) {
        (Some(ticket), ..) => ticket_of(view, ticket)?,
        (None, Some(export), _) => export_of(view, export)?,
        (None, None, Some(ask)) => ask_of(view, ask)?,
        (None, None, None) => return Ok(None),
    };
    Ok(Some(dialog))
}

fn export_of(view: &View<'_>, export: &Export) -> Result<String, askama::Error> {
    Exported {
        t: view.t(),
        base: &view.base(),
        version: pages::version(),
        file: export.file(),
    }
    .render()
}

fn ticket_of(view: &View<'_>, ticket: &Ticket) -> Result<String, askama::Error> {
    let t = view.t();
    let (title, text) = match ticket.purpose {
        Purpose::Enroll { .. } => (
            t.say_with("ticket-enroll", [("user", ticket.name.as_str().into())]),
            t.say("ticket-enroll-text"),
        ),
        Purpose::Link => (t.say("ticket-link").into_owned(), t.say("ticket-link-text")),
        Purpose::Print => (
            t.say_with("ticket-print", [("name", ticket.name.as_str().into())]),
            t.say("ticket-print-text"),
        ),
        Purpose::Join { role } => {
            let role = admin::role(t, role);
            let device = match ticket.name.is_empty() {
                true => role,
                false => format!("{role} · {}", ticket.name),
            };
            (
                t.say_with("ticket-join", [("device", device.into())]),
                t.say("ticket-join-text"),
            )
        }
    };
    let again = matches!(ticket.purpose, Purpose::Enroll { again: true });
    let (called, heard) = match ticket.purpose {
        Purpose::Join { .. } => (t.say("invite-line"), t.say("invite-code")),
        Purpose::Print => (t.say("share-line"), t.say("share-code")),
        _ => (t.say("ticket-line"), t.say("ticket-code")),
    };
    Shown {
        t,
        base: &view.base(),
        version: pages::version(),
        title,
        text: text.into_owned(),
        warning: again.then(|| t.say("ticket-again").into_owned()),
        line: &ticket.line,
        called: called.into_owned(),
        heard: heard.into_owned(),
        until: moment(ticket.expires_at),
        code: picture(&ticket.line),
    }
    .render()
}

fn ask_of(view: &View<'_>, ask: &Ask) -> Result<String, askama::Error> {
    let t = view.t();
    let say = |key: &str| t.say(key).into_owned();
    let field = |name, label: &str, value: &str| Field {
        name,
        label: say(label),
        hint: None,
        value: value.to_owned(),
        choices: Vec::new(),
        secret: false,
        digits: false,
        required: true,
    };
    let base = view.base();
    let plain = Dialog {
        t,
        base: &base,
        version: pages::version(),
        what: "answer",
        title: String::new(),
        text: String::new(),
        remark: None,
        fields: Vec::new(),
        hidden: vec![("yes", "yes".to_owned())],
        yes: say("sure-do"),
        other: None,
        danger: true,
    };
    // A mistake is shown where it was typed.
    let mistake = match &view.state.remark {
        Some(said @ (Remark::Typed(_) | Remark::Failed(_))) => Some(remark::said(t, said)),
        _ => None,
    };
    match ask {
        Ask::Sure(command) => {
            let (title, text, yes) = sure(t, command);
            Dialog {
                title,
                text,
                yes,
                ..plain
            }
        }
        Ask::Proof {
            by: ProofBy::Passphrase,
            wrong,
            ..
        } => Dialog {
            title: say("passphrase-title"),
            text: say("passphrase-text"),
            remark: wrong.then(|| not_proved(say("passphrase-wrong"))),
            fields: vec![Field {
                secret: true,
                ..field("proof", "passphrase", "")
            }],
            yes: say("passphrase-go"),
            danger: false,
            ..plain
        },
        Ask::Proof {
            by: ProofBy::Code,
            wrong,
            ..
        } => Dialog {
            title: say("code-title"),
            text: say("code-text"),
            remark: wrong.then(|| not_proved(say("code-wrong"))),
            fields: vec![Field {
                digits: true,
                ..field("proof", "code", "")
            }],
            yes: say("code-go"),
            danger: false,
            ..plain
        },
        Ask::Unlock { number, title } => Dialog {
            what: "do",
            title: t.say_with("unlock-title", [("name", title.as_str().into())]),
            text: say("unlock-text"),
            remark: mistake,
            fields: vec![Field {
                secret: true,
                ..field("password", "unlock-password", "")
            }],
            hidden: vec![("order", "unlock".to_owned()), ("number", number.clone())],
            yes: say("unlock-go"),
            danger: false,
            ..plain
        },
        Ask::Digits => Dialog {
            what: "do",
            title: say("pending-approve"),
            text: say("pending-text"),
            remark: mistake,
            fields: vec![Field {
                digits: true,
                ..field("code", "pending-digits", "")
            }],
            hidden: vec![("order", "approve".to_owned())],
            yes: say("pending-go"),
            danger: false,
            ..plain
        },
        Ask::NewUser(typed) => Dialog {
            what: "do",
            title: say("people-add"),
            text: say("people-add-text"),
            remark: mistake,
            fields: vec![
                Field {
                    hint: Some(say("people-id-hint")),
                    ..field("user", "people-id", &typed.user)
                },
                Field {
                    required: false,
                    ..field("display", "people-name", &typed.display)
                },
                Field {
                    required: false,
                    hint: Some(say("people-badge-hint")),
                    ..field("badge", "people-badge-number", &typed.badge)
                },
            ],
            hidden: vec![("order", "add-user".to_owned())],
            yes: say("people-add-go"),
            danger: false,
            ..plain
        },
        Ask::Badge(user) => Dialog {
            what: "do",
            title: t.say_with("badge-title", [("user", user.as_str().into())]),
            text: say("badge-text"),
            remark: mistake,
            fields: vec![Field {
                hint: Some(say("people-badge-hint")),
                ..field("badge", "people-badge-number", "")
            }],
            hidden: vec![("user", user.clone())],
            yes: say("badge-give"),
            other: Some(("take-badge", say("badge-take"))),
            danger: false,
            ..plain
        },
        Ask::Invite(Wished {
            role,
            name,
            lifetime,
        }) => Dialog {
            what: "do",
            title: say("invite"),
            text: say("invite-text"),
            remark: mistake,
            fields: vec![
                Field {
                    choices: ROLES
                        .map(|role| (role.as_str().to_owned(), admin::role(t, role)))
                        .to_vec(),
                    ..field("role", "invite-role", role.as_str())
                },
                Field {
                    required: false,
                    hint: Some(say("invite-name-hint")),
                    ..field("name", "invite-name", name)
                },
                Field {
                    choices: limits::INVITES
                        .map(|seconds| (seconds.to_string(), admin::span(t, seconds)))
                        .to_vec(),
                    ..field("lifetime", "invite-good", &lifetime.to_string())
                },
            ],
            hidden: vec![("order", "invite".to_owned())],
            yes: say("invite-go"),
            danger: false,
            ..plain
        },
        Ask::Share => Dialog {
            what: "do",
            title: say("share"),
            text: say("share-text"),
            remark: mistake,
            fields: vec![
                Field {
                    hint: Some(say("share-name-hint")),
                    ..field("name", "share-name", "")
                },
                Field {
                    choices: ["mine", "guest"]
                        .map(|who| (who.to_owned(), say(&format!("share-{who}"))))
                        .to_vec(),
                    ..field("who", "share-who", "mine")
                },
            ],
            hidden: vec![("order", "share".to_owned())],
            yes: say("share-go"),
            danger: false,
            ..plain
        },
        Ask::MailAddress => Dialog {
            what: "do",
            title: say("mail-new"),
            text: say("mail-add-text"),
            remark: mistake,
            fields: vec![
                field("address", "mail-address", ""),
                Field {
                    choices: Language::ALL
                        .map(|language| (language.tag().to_owned(), language.name().to_owned()))
                        .to_vec(),
                    ..field("language", "mail-language", view.state.language.tag())
                },
            ],
            hidden: vec![("order", "claim-address".to_owned())],
            yes: say("mail-add-go"),
            danger: false,
            ..plain
        },
        Ask::MailCode(address) => Dialog {
            what: "do",
            title: say("mail-code-title"),
            text: t.say_with("mail-code-ask", [("address", address.as_str().into())]),
            remark: mistake,
            fields: vec![Field {
                digits: true,
                ..field("code", "mail-code", "")
            }],
            hidden: vec![("order", "confirm-address".to_owned())],
            yes: say("mail-code-go"),
            danger: false,
            ..plain
        },
        Ask::Gateway => Dialog {
            what: "do",
            title: say("gateway-add"),
            text: say("gateway-add-text"),
            remark: mistake,
            fields: vec![field("line", "gateway-line", "")],
            hidden: vec![("order", "add-gateway".to_owned())],
            yes: say("gateway-add-go"),
            danger: false,
            ..plain
        },
        Ask::Export => Dialog {
            what: "do",
            title: say("export"),
            text: say("export-text"),
            remark: mistake,
            fields: vec![
                Field {
                    secret: true,
                    hint: Some(say("export-hint")),
                    ..field("passphrase", "passphrase", "")
                },
                Field {
                    secret: true,
                    ..field("again", "export-again", "")
                },
            ],
            hidden: vec![("order", "export".to_owned())],
            yes: say("export-go"),
            danger: false,
            ..plain
        },
    }
    .render()
}

fn not_proved(text: String) -> Said {
    Said {
        kind: "bad",
        icon: "lock",
        text,
        detail: None,
    }
}

/// What it means to do what cannot be taken back.
fn sure(t: &Words, command: &PortalCommand) -> (String, String, String) {
    let say = |key: &str| t.say(key).into_owned();
    let about = |key: &str, name: &str| t.say_with(key, [("name", name.into())]);
    match command {
        PortalCommand::User(UserCommand::Delete { title, .. }) => (
            say("sure-delete"),
            about("sure-delete-text", title),
            say("sure-delete-yes"),
        ),
        PortalCommand::Admin(AdminCommand::Revoke { name, .. }) => (
            about("sure-revoke", name),
            say("sure-revoke-text"),
            say("sure-revoke-yes"),
        ),
        PortalCommand::Admin(AdminCommand::SetState { user, .. }) => (
            about("sure-block", user.as_str()),
            say("sure-block-text"),
            say("people-block"),
        ),
        PortalCommand::Admin(AdminCommand::RemoveGateway(domain)) => (
            about("sure-gateway", domain),
            say("sure-gateway-text"),
            say("gateway-remove"),
        ),
        // Nothing else is asked about.
        _ => (say("sure-delete"), String::new(), say("sure-do")),
    }
}
