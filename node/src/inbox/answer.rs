//! What the sender of a mail is told, in the sender's language: what is held, what is not and why, where it comes out and
//! until when. And the mail that brings a code.

use papermesh_convert::mail::{BYTES, ContentsError, DOCUMENTS, LeftOut, WhyLeftOut};
use papermesh_mail::head::Head;
use papermesh_protocol::job::JobSummary;
use papermesh_protocol::text;
use papermesh_protocol::time::Timestamp;
use papermesh_services::local_users::addresses::{Code, LIFETIME};
use papermesh_services::mailed::options::OptionsError;

use crate::pages::Words;
use crate::pages::describe::{facts, moment};

/// Characters of a title.
const TITLE: usize = 120;

/// What is to be told of a mail.
pub(super) enum Told {
    /// What became of its documents.
    Documents {
        documents: Vec<DocumentTold>,
        left_out: Vec<LeftOut>,
        /// Its text has the form of a page of the web only.
        is_html: bool,
    },
    /// It is not known how to print them.
    Options(OptionsError),
    /// It was not looked into.
    Contents(ContentsError),
    /// Too many mails came.
    TooOften,
}

/// What is to be told of a document.
pub(super) struct DocumentTold {
    pub(super) title: String,
    pub(super) became: Became,
}

/// What became of a document.
pub(super) enum Became {
    /// It is held; nothing is known of it any more if it is gone already.
    Held(Option<Box<JobSummary>>),
    /// It came before, with this mail or another.
    Before,
    /// It is not held, for this reason in the node's own words.
    Refused(String),
}

impl Told {
    /// Whether nothing is to be told but that all is held, or was.
    pub(super) fn is_all_held(&self) -> bool {
        match self {
            Self::Documents {
                documents,
                left_out,
                ..
            } => {
                let is_held = |told: &DocumentTold| !matches!(told.became, Became::Refused(_));
                let is_whole = left_out
                    .iter()
                    .all(|left_out| left_out.why == WhyLeftOut::Shown);
                !documents.is_empty() && is_whole && documents.iter().all(is_held)
            }
            Self::Options(_) | Self::Contents(_) | Self::TooOften => false,
        }
    }

    /// How many documents are held, and how many there are.
    pub(super) fn count(&self) -> (usize, usize) {
        match self {
            Self::Documents { documents, .. } => {
                let is_held = |told: &&DocumentTold| matches!(told.became, Became::Held(_));
                (documents.iter().filter(is_held).count(), documents.len())
            }
            Self::Options(_) | Self::Contents(_) | Self::TooOften => (0, 0),
        }
    }
}

/// A mail to a person, without what makes it a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) subject: String,
    pub(crate) text: String,
}

/// Writes the answer to a mail, which says if it is the last one for some time.
pub(super) fn write(t: &Words, (head, told): (&Head, &Told), site: &str, is_last: bool) -> Answer {
    let mut text = Vec::new();
    match told {
        Told::Documents {
            documents,
            left_out,
            is_html,
        } => of_documents(t, (documents, left_out, *is_html), site, &mut text),
        Told::Options(why) => {
            text.push(match why {
                OptionsError::Unknown(word) => {
                    t.say_with("mail-option-unknown", [("option", word.as_str().into())])
                }
                OptionsError::Contradicts(word) => t.say_with(
                    "mail-option-contradicts",
                    [("option", word.as_str().into())],
                ),
            });
            text.push(t.say("mail-nothing").into_owned());
            text.push(t.say("mail-options").into_owned());
        }
        Told::Contents(why) => {
            text.push(match why {
                ContentsError::TooMany => t.say_with("mail-too-many", [("most", DOCUMENTS.into())]),
                ContentsError::TooLarge => {
                    t.say_with("mail-too-large", [("most", (BYTES / (1024 * 1024)).into())])
                }
                ContentsError::Unreadable => t.say("mail-unreadable").into_owned(),
            });
            text.push(t.say("mail-nothing").into_owned());
        }
        Told::TooOften => {
            text.push(t.say("mail-often").into_owned());
            text.push(t.say("mail-nothing").into_owned());
        }
    }
    if is_last {
        text.push(t.say("mail-last").into_owned());
    }
    text.push(t.say_with("mail-foot", [("site", site.into())]));
    let about = match head.subject.is_empty() {
        true => t.say("mail-subject").into_owned(),
        false => head.subject.clone(),
    };
    Answer {
        subject: format!("Re: {about}"),
        text: text.join("\n\n") + "\n",
    }
}

fn of_documents(
    t: &Words,
    (documents, left_out, is_html): (&[DocumentTold], &[LeftOut], bool),
    site: &str,
    text: &mut Vec<String>,
) {
    let (mut held, mut before, mut not_held) = (Vec::new(), Vec::new(), Vec::new());
    let mut until: Option<Timestamp> = None;
    for DocumentTold { title, became } in documents {
        let title = called(t, title);
        match became {
            Became::Held(None) => held.push(title),
            Became::Held(Some(summary)) => {
                until = until.max(Some(summary.expires_at));
                let paper = summary.options.media.clone();
                let known = [Some(facts(t, summary)), paper].into_iter().flatten();
                let known: Vec<_> = known.filter(|fact| !fact.is_empty()).collect();
                held.push(match known.is_empty() {
                    true => title,
                    false => format!("{title} ({})", known.join(" · ")),
                });
            }
            Became::Before => before.push(title),
            Became::Refused(why) => not_held.push(format!("{title}: {why}")),
        }
    }
    not_held.extend(left_out.iter().map(|LeftOut { name, why }| {
        let why = t.say(match why {
            WhyLeftOut::Shown => "mail-why-picture",
            WhyLeftOut::Mail => "mail-why-mail",
            WhyLeftOut::Damaged => "mail-why-damaged",
        });
        format!("{}: {why}", called(t, name))
    }));
    for (heading, lines) in [
        ("mail-held", &held),
        ("mail-before", &before),
        ("mail-not-held", &not_held),
    ] {
        if !lines.is_empty() {
            let lines = lines.iter().map(|line| format!("- {line}"));
            let lines: Vec<_> = [t.say(heading).into_owned()]
                .into_iter()
                .chain(lines)
                .collect();
            text.push(lines.join("\n"));
        }
    }
    if documents.is_empty() {
        text.push(
            t.say(if is_html { "mail-html" } else { "mail-empty" })
                .into_owned(),
        );
    }
    if held.is_empty() && before.is_empty() {
        text.push(t.say("mail-nothing").into_owned());
    }
    if let Some(until) = until {
        let values = [("site", site.into()), ("until", written(until).into())];
        text.push(t.say_with("mail-where", values));
    }
}

/// What a document is called.
fn called(t: &Words, name: &str) -> String {
    let name = text::clean(name, TITLE);
    match name.is_empty() {
        true => t.say("mail-untitled").into_owned(),
        false => name,
    }
}

/// A moment, as everybody reads it.
fn written(at: Timestamp) -> String {
    let machine = moment(at).machine;
    let (day, time) = machine.split_once('T').unwrap_or((&machine, ""));
    format!("{day} {} UTC", time.get(..5).unwrap_or_default())
}

/// The mail that brings a code.
pub(crate) fn code(t: &Words, code: &Code, site: &str) -> Answer {
    let minutes = LIFETIME.as_secs() / 60;
    let said = t.say_with(
        "mail-code-text",
        [("code", code.expose().into()), ("minutes", minutes.into())],
    );
    let foot = t.say_with("mail-code-foot", [("site", site.into())]);
    Answer {
        subject: t.say("mail-code-subject").into_owned(),
        text: format!("{said}\n\n{foot}\n"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::pages::Language;

    fn head(subject: &str) -> Head {
        let mail = format!("From: dana@acme.example\r\nSubject: {subject}\r\n\r\n");
        Head::read(mail.as_bytes()).unwrap()
    }

    fn text(told: &Told, language: Language) -> String {
        write(language.words(), (&head("report"), told), "Acme", false).text
    }

    #[test]
    fn what_is_held_and_what_is_not_is_said() {
        let told = |title: &str, became| DocumentTold {
            title: title.to_owned(),
            became,
        };
        let all = Told::Documents {
            documents: vec![
                told("report.pdf", Became::Held(None)),
                told("again.pdf", Became::Before),
                told("", Became::Refused("it is nothing".to_owned())),
            ],
            left_out: vec![LeftOut {
                name: "logo.png".to_owned(),
                why: WhyLeftOut::Shown,
            }],
            is_html: false,
        };
        assert_eq!(all.count(), (1, 3));
        assert!(!all.is_all_held());
        assert_eq!(
            text(&all, Language::English),
            "Held for you:\n- report.pdf\n\n\
             Not held again, because the same document came before:\n- again.pdf\n\n\
             Not held:\n- Untitled: it is nothing\n- logo.png: a picture in the text of the mail is not a document\n\n\
             A program at Acme sent this because a mail came from your address. Nobody reads replies to it.\n"
        );
        for language in Language::ALL {
            let said = text(&all, language);
            assert!(
                said.contains("- report.pdf") && said.contains("it is nothing"),
                "{said}"
            );
        }
    }

    #[test]
    fn a_mail_without_anything_to_print_is_answered_too() {
        let nothing = |is_html| Told::Documents {
            documents: Vec::new(),
            left_out: Vec::new(),
            is_html,
        };
        for (told, words) in [
            (nothing(false), "nothing in it that can be printed"),
            (nothing(true), "plain text"),
            (Told::TooOften, "Too many mails"),
            (
                Told::Contents(ContentsError::TooMany),
                "more than 10 attachments",
            ),
            (Told::Contents(ContentsError::TooLarge), "25 MiB"),
            (
                Told::Contents(ContentsError::Unreadable),
                "could not be read",
            ),
            (
                Told::Options(OptionsError::Unknown("momo".to_owned())),
                "“momo” is not an option",
            ),
            (
                Told::Options(OptionsError::Contradicts("color".to_owned())),
                "“color” contradicts",
            ),
        ] {
            let said = text(&told, Language::English);
            assert!(said.contains(words), "{said}");
            assert!(said.contains("Nothing was held."), "{said}");
        }
        let empty = write(
            Language::English.words(),
            (&head(""), &Told::TooOften),
            "Acme",
            true,
        );
        assert_eq!(empty.subject, "Re: Your mail");
        assert!(empty.text.contains("not answered"), "{}", empty.text);
    }
}
