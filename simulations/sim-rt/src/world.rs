//! The executor: tasks, in the order in which they were woken, and the clock.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use papermesh_sim_clock::{self as clock, Nanos};

/// Whom a task belongs to: the number of a node. Tasks of a node end together.
pub type Owner = u32;

/// Polls that may happen at one time before that is taken for a loop.
const POLLS_AT_ONCE: u64 = 10_000_000;

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Somebody polls without end while no time passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stuck {
    /// Whose task was polled last.
    pub owner: Owner,
    /// When.
    pub at: Nanos,
}

impl std::fmt::Display for Stuck {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "a task of node {} was polled {POLLS_AT_ONCE} times at {} ns and time did not pass",
            self.owner, self.at
        )
    }
}

impl std::error::Error for Stuck {}

/// Events other than timers: a network's.
pub trait Events {
    /// When the next one happens.
    fn next(&self) -> Option<Nanos>;
    /// Lets the next one happen. The clock shows its time.
    fn happen(&mut self);
}

/// What wakers and spawners share with the world.
#[derive(Default)]
struct Shared {
    woken: VecDeque<Arc<Handle>>,
    spawned: VecDeque<(Owner, Task)>,
}

/// A task as its wakers know it.
struct Handle {
    place: usize,
    birth: u64,
    woken: AtomicBool,
    shared: Arc<Mutex<Shared>>,
}

impl Wake for Handle {
    fn wake(self: Arc<Self>) {
        if !self.woken.swap(true, Ordering::Relaxed) {
            let shared = self.shared.clone();
            locked(&shared).woken.push_back(self);
        }
    }
}

fn locked(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Begins tasks of one owner. It may outlive the world: what it spawns then is never polled.
#[derive(Clone)]
pub struct Spawner {
    owner: Owner,
    shared: Arc<Mutex<Shared>>,
}

impl Spawner {
    /// Begins a task.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        locked(&self.shared)
            .spawned
            .push_back((self.owner, Box::pin(task)));
    }
}

struct Place {
    owner: Owner,
    birth: u64,
    task: Task,
    waker: Waker,
    handle: Arc<Handle>,
}

/// All tasks of a simulation. Dropping it drops them in the order of their places.
#[derive(Default)]
pub struct World {
    shared: Arc<Mutex<Shared>>,
    places: Vec<Option<Place>>,
    free: Vec<usize>,
    births: u64,
    polls: u64,
}

impl World {
    /// A world without tasks.
    pub fn new() -> Self {
        Self::default()
    }

    /// Begins tasks of this owner.
    pub fn spawner(&self, owner: Owner) -> Spawner {
        Spawner {
            owner,
            shared: self.shared.clone(),
        }
    }

    /// How often tasks were polled.
    pub fn polls(&self) -> u64 {
        self.polls
    }

    /// How many tasks there are.
    pub fn tasks(&self) -> usize {
        self.places.len() - self.free.len()
    }

    /// Ends all tasks of an owner: a crash, or a lid that is closed.
    pub fn end(&mut self, owner: Owner) {
        self.take_in();
        for place in 0..self.places.len() {
            if self.places[place]
                .as_ref()
                .is_some_and(|it| it.owner == owner)
            {
                drop(self.places[place].take());
                self.free.push(place);
            }
        }
    }

    /// Runs until no event is left at or before this time, which the clock shows afterwards.
    ///
    /// # Errors
    ///
    /// A task was polled again and again without time passing.
    pub fn run(&mut self, events: &mut impl Events, until: Nanos) -> Result<(), Stuck> {
        loop {
            self.run_ready()?;
            let (timer, event) = (clock::next(), events.next());
            match [timer, event].into_iter().flatten().min() {
                Some(next) if next <= until => {
                    // At one time, timers come before events.
                    if timer == Some(next) {
                        clock::advance();
                    } else {
                        clock::advance_to(next);
                        events.happen();
                    }
                }
                _ => break,
            }
        }
        clock::advance_to(until);
        Ok(())
    }

    /// Polls whoever is woken, until nobody is.
    fn run_ready(&mut self) -> Result<(), Stuck> {
        let mut at_once = 0;
        loop {
            self.take_in();
            let Some(handle) = locked(&self.shared).woken.pop_front() else {
                return Ok(());
            };
            handle.woken.store(false, Ordering::Relaxed);
            let Some(place) = self.places[handle.place]
                .as_mut()
                .filter(|place| place.birth == handle.birth)
            else {
                continue;
            };
            self.polls += 1;
            at_once += 1;
            if at_once > POLLS_AT_ONCE {
                return Err(Stuck {
                    owner: place.owner,
                    at: clock::now(),
                });
            }
            let waker = place.waker.clone();
            if let Poll::Ready(()) = place.task.as_mut().poll(&mut Context::from_waker(&waker)) {
                drop(self.places[handle.place].take());
                self.free.push(handle.place);
            }
        }
    }

    /// Gives places to new tasks, which are woken once.
    fn take_in(&mut self) {
        loop {
            let Some((owner, task)) = locked(&self.shared).spawned.pop_front() else {
                return;
            };
            self.births += 1;
            let place = self.free.pop().unwrap_or_else(|| {
                self.places.push(None);
                self.places.len() - 1
            });
            let handle = Arc::new(Handle {
                place,
                birth: self.births,
                woken: AtomicBool::new(false),
                shared: self.shared.clone(),
            });
            handle.clone().wake();
            self.places[place] = Some(Place {
                owner,
                birth: self.births,
                task,
                waker: handle.clone().into(),
                handle,
            });
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        for place in &mut self.places {
            if let Some(place) = place.take() {
                // What a dying task wakes is not queued for a world that ends.
                place.handle.woken.store(true, Ordering::Relaxed);
            }
        }
        // Wakers in the queue own the queue; what was spawned too late owns spawners.
        let (woken, spawned) = {
            let mut shared = locked(&self.shared);
            (
                std::mem::take(&mut shared.woken),
                std::mem::take(&mut shared.spawned),
            )
        };
        drop((woken, spawned));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use papermesh_sim_clock as clock;
    use std::time::Duration;

    struct Nothing;
    impl Events for Nothing {
        fn next(&self) -> Option<Nanos> {
            None
        }
        fn happen(&mut self) {}
    }

    struct Sleep(clock::Timer);
    impl Future for Sleep {
        type Output = ();
        fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
            match clock::fired(self.0, context.waker()) {
                true => Poll::Ready(()),
                false => Poll::Pending,
            }
        }
    }
    fn sleep(seconds: u64) -> Sleep {
        Sleep(clock::set(Duration::from_secs(seconds)))
    }

    #[test]
    fn tasks_run_in_order_and_time_jumps() {
        let mut world = World::new();
        let seen = Arc::new(Mutex::new(Vec::new()));
        for node in 0..3 {
            let (seen, spawner) = (seen.clone(), world.spawner(node));
            spawner.spawn(async move {
                sleep(u64::from(3 - node)).await;
                seen.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push((clock::now() / 1_000_000_000, node));
            });
        }
        assert_eq!(world.run(&mut Nothing, 10_000_000_000), Ok(()));
        assert_eq!(clock::now(), 10_000_000_000);
        assert_eq!(
            *seen.lock().unwrap_or_else(PoisonError::into_inner),
            [(1, 2), (2, 1), (3, 0)]
        );
        assert_eq!(world.tasks(), 0);
    }

    #[test]
    fn tasks_of_a_node_end_together() {
        let mut world = World::new();
        for node in [0, 0, 1] {
            world.spawner(node).spawn(std::future::pending());
        }
        assert_eq!(world.run(&mut Nothing, 1), Ok(()));
        world.end(0);
        assert_eq!(world.tasks(), 1);
    }

    #[test]
    fn a_loop_without_time_is_an_error_that_names_the_node() {
        let mut world = World::new();
        world.spawner(7).spawn(std::future::poll_fn(|context| {
            context.waker().wake_by_ref();
            Poll::Pending
        }));
        let Err(stuck) = world.run(&mut Nothing, 1) else {
            unreachable!("it ended");
        };
        assert_eq!(stuck.owner, 7);
    }
}
