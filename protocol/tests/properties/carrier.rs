//! Whatever a network does to requests and answers, what comes out of a pipe is what went in.

use papermesh_protocol::gateway::carrier::{Incoming, OffsetError, Offsets, Outgoing, Terms};
use papermesh_protocol::limits;
use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, Strategy, any, prop_assert_eq, prop_oneof, proptest};
use proptest::sample::{Index, select};

/// The byte at an offset of each stream.
fn byte(offset: u64) -> u8 {
    offset.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes()[0]
}

/// The door or the gateway.
#[derive(Default)]
struct End {
    outgoing: Outgoing,
    incoming: Incoming,
    /// Where the body that was sent last ended.
    sent: u64,
}

impl End {
    /// Gives it bytes to send, as many as it takes.
    fn give(&mut self, length: usize) {
        let from = self.outgoing.end();
        let bytes: Vec<u8> = (from..).take(length).map(byte).collect();
        let taken = self.outgoing.push(&bytes);
        assert_eq!(self.outgoing.end(), from + taken as u64);
        let window = self.outgoing.end() - self.outgoing.confirmed();
        assert_eq!(
            self.outgoing.room() as u64 + window,
            limits::PIPE_WINDOW as u64
        );
    }

    /// Takes what the other end says that it has, and a body; says so if there is a gap.
    fn take(&mut self, confirmed: u64, from: u64, body: &[u8]) -> Result<(), OffsetError> {
        self.outgoing.acknowledge(confirmed).unwrap();
        let has = self.incoming.has();
        let new = self.incoming.receive(from, body)?;
        let expected: Vec<u8> = (has..).take(new.len()).map(byte).collect();
        assert!(new == expected, "other bytes came out than went in");
        Ok(())
    }

    /// A body: after the one that was sent last, or after what the other has for certain.
    fn body(&mut self, is_eager: bool, chunk: usize) -> (u64, Vec<u8>) {
        let from = if is_eager {
            self.sent
        } else {
            self.outgoing.confirmed()
        };
        let (from, body) = self.outgoing.pending(from, chunk);
        assert!(body.len() <= chunk);
        self.sent = from + body.len() as u64;
        (from, body.to_vec())
    }
}

/// A request or an answer on its way.
#[derive(Clone)]
struct Message {
    header: String,
    body: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Arrives,
    IsLost,
    /// It arrives, and will arrive again.
    IsRepeated,
}

/// What happens to a pipe.
#[derive(Clone, Debug)]
enum Event {
    DoorGives(usize),
    GatewayGives(usize),
    DoorAsks,
    Request(Index, Fate),
    Answer(Index, Fate),
}

fn event() -> impl Strategy<Value = Event> {
    let length = || prop_oneof![4 => 0..5000_usize, 1 => 0..600_000_usize];
    let fate = || {
        select(vec![
            Fate::Arrives,
            Fate::Arrives,
            Fate::IsLost,
            Fate::IsRepeated,
        ])
    };
    prop_oneof![
        2 => length().prop_map(Event::DoorGives),
        2 => length().prop_map(Event::GatewayGives),
        4 => select(vec![Event::DoorAsks]),
        4 => (any::<Index>(), fate()).prop_map(|(at, fate)| Event::Request(at, fate)),
        4 => (any::<Index>(), fate()).prop_map(|(at, fate)| Event::Answer(at, fate)),
    ]
}

struct Pipe {
    door: End,
    gateway: End,
    is_eager: bool,
    chunk: usize,
    requests: Vec<Message>,
    answers: Vec<Message>,
}

/// Takes out one of the messages that are on their way, in any order.
fn pick(messages: &mut Vec<Message>, at: &Index, fate: Fate) -> Option<Message> {
    if messages.is_empty() {
        return None;
    }
    let at = at.index(messages.len());
    match fate {
        Fate::Arrives => Some(messages.swap_remove(at)),
        Fate::IsRepeated => Some(messages[at].clone()),
        Fate::IsLost => {
            messages.swap_remove(at);
            None
        }
    }
}

impl Pipe {
    fn happens(&mut self, event: &Event) {
        match event {
            Event::DoorGives(length) => self.door.give(*length),
            Event::GatewayGives(length) => self.gateway.give(*length),
            Event::DoorAsks => self.ask(),
            Event::Request(at, fate) => {
                if let Some(request) = pick(&mut self.requests, at, *fate) {
                    self.request(&request);
                }
            }
            Event::Answer(at, fate) => {
                if let Some(answer) = pick(&mut self.answers, at, *fate) {
                    self.answer(&answer);
                }
            }
        }
    }

    fn ask(&mut self) {
        let (up, body) = self.door.body(self.is_eager, self.chunk);
        let down = self.door.incoming.has();
        let header = Offsets { up, down }.to_string();
        self.requests.push(Message { header, body });
    }

    fn request(&mut self, request: &Message) {
        let Offsets { up, down } = request.header.parse().unwrap();
        if let Err(error) = self.gateway.take(down, up, &request.body) {
            self.is_gap(error);
            return;
        }
        let (down, body) = self.gateway.body(self.is_eager, self.chunk);
        let up = self.gateway.incoming.has();
        let header = Offsets { up, down }.to_string();
        self.answers.push(Message { header, body });
    }

    fn answer(&mut self, answer: &Message) {
        let Offsets { up, down } = answer.header.parse().unwrap();
        if let Err(error) = self.door.take(up, down, &answer.body) {
            self.is_gap(error);
        }
    }

    /// Only who sends more than is confirmed can make a gap.
    fn is_gap(&self, error: OffsetError) {
        assert!(
            self.is_eager && matches!(error, OffsetError::Gap { .. }),
            "{error}"
        );
    }

    fn is_through(&self) -> bool {
        self.gateway.incoming.has() == self.door.outgoing.end()
            && self.door.incoming.has() == self.gateway.outgoing.end()
    }

    /// Nothing is lost any more: in so many rounds everything is there, and nothing is kept.
    fn becomes_fair(mut self) {
        self.is_eager = false;
        let rounds = 2 + limits::PIPE_WINDOW / self.chunk;
        for _ in 0..rounds {
            self.requests.clear();
            self.answers.clear();
            self.ask();
            self.request(&self.requests[0].clone());
            self.answer(&self.answers[0].clone());
        }
        assert!(self.is_through());
        assert_eq!(self.door.outgoing.room(), limits::PIPE_WINDOW);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_pipe_keeps_its_bytes_on_any_network(
        is_eager in any::<bool>(),
        chunk in 4096..=limits::PIPE_WINDOW,
        events in vec(event(), 0..120),
    ) {
        let mut pipe = Pipe {
            door: End::default(),
            gateway: End::default(),
            is_eager,
            chunk,
            requests: Vec::new(),
            answers: Vec::new(),
        };
        events.iter().for_each(|event| pipe.happens(event));
        pipe.becomes_fair();
    }

    #[test]
    fn headers_read_back(up in any::<u64>(), down in any::<u64>(), text in "[a-z0-9=, +]{0,70}") {
        let offsets = Offsets { up, down };
        prop_assert_eq!(offsets.to_string().parse(), Ok(offsets));
        if let Ok(offsets) = text.parse::<Offsets>() {
            prop_assert_eq!(offsets.to_string(), text.clone());
        }
        if let Ok(terms) = text.parse::<Terms>() {
            prop_assert_eq!(terms.to_string(), text);
        }
    }
}
