//! The end-to-end tests: real processes, real peers, real files.
//!
//! | file | what it shows |
//! | --- | --- |
//! | `walk` | what a person does, from a new site to paper |
//! | `people` | PINs, badges, shared computers, dead admins |
//! | `direct` | straight to a printer, whatever happens meanwhile |
//! | `crowd` | many machines, many holders, some of them dead |
//! | `invariants` | the ten promises of the design, each by its name |
//! | `crash` | the first of them, again and again: `kill -9` at any moment |
//! | `formats` | any format to any printer, compared as pixels; documents that harm converters |
//! | `withdrawn` | devices and admins that were put out, and come back with all that they kept |
//! | `odd` | PDF files as they are in the field, compared as pixels at every kind of printer |
//! | `photos` | pictures of every kind, compared as pixels; names, beginnings and ends of documents |
//! | `hostile` | members and strangers who misbehave |
//! | `accounts` | who a program is to the hold printer: other accounts, guesses, visitors, web pages |
//! | `hold_printer` | programs that print over IPP, well, oddly and badly |
//! | `conformance` | the hold printer before the suites of CUPS and of the Printer Working Group |
//! | `discovery` | the hold printer is found over DNS-SD |
//! | `desktop` | a real CUPS prints into the hold printer |
//! | `certificates` | one certificate of the site makes browsers and programs trust panels and hold printers |
//! | `network` | mDNS, joining by digits, and a relay, in networks of their own |
//! | `bootstrap` | the pages of a bootstrap node, and strangers who dial it |
//! | `gateway` | printing from outside through a gateway that cannot read |
//! | `gateway_carriers` | the same out of offices that let out little |
//! | `gateway_crash` | `kill -9` of the gateway or the door at any moment of that |
//! | `gateway_proxied` | the same behind a real haproxy |
//! | `gateway_strangers` | who has no token outside, and who floods places |
//! | `gateway_mail` | the same where the door comes when a mail calls it |
//! | `mail_hold` | what users mail is held for them, and what others mail is not |
//! | `gateway_suites` | the suites of CUPS through a gateway |
//! | `gateway_tokens` | what print tokens are good for, and pages for browsers outside |
//! | `devices` | printers as they are: what they say is judged, and looking keeps nobody from printing |
//! | `infra` | proxies that fetch what was released: as they should be, and lies |
//! | `doctor` | what is commonly wrong is found |
//! | `panel` | walking up to a printer: a real browser at its panel |
//! | `badges` | badges that nobody has, and users who register them at the panel |
//! | `pictures` | pictures of first pages at the panel, and holders that send what is none |
//! | `phone` | a phone in place of the panel: two real browsers in one network |
//! | `portal` | the user's own page and the admin's: a real browser, real nodes |
//! | `web` | pages of others, guesses and crowds at panel, portal and hold printer |
//! | `upgrade` | homes of earlier versions, opened by this one |
//! | `examples` | programs that show how to use the library and the vectors |
//! | `book` | what the book says: its commands are run, its links and settings looked up |
//! | `bad_input` | what users, files, disks and printers do wrong |

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod accounts;
mod bad_input;
mod badges;
mod book;
mod bootstrap;
mod certificates;
mod conformance;
mod crash;
mod crowd;
mod desktop;
mod devices;
mod direct;
mod discovery;
mod doctor;
mod examples;
mod finishings;
mod formats;
mod gateway;
mod gateway_carriers;
mod gateway_crash;
mod gateway_mail;
mod gateway_proxied;
mod gateway_strangers;
mod gateway_suites;
mod gateway_terminated;
mod gateway_tokens;
mod hold_printer;
mod hostile;
mod infra;
mod invariants;
mod mail_hold;
mod network;
mod odd;
mod panel;
mod people;
mod phone;
mod photos;
mod pictures;
mod portal;
mod upgrade;
mod walk;
mod web;
mod withdrawn;
