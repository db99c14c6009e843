//! When a bounded list makes room, and the users who take too much of it.

use std::collections::{HashMap, HashSet};

/// The most entries of one user that are kept individually.
const MANY: usize = 64;

/// How far a list may grow before it is searched for entries to drop: to half its limit,
/// and then by an eighth each time. So the cost is spread over the entries, even if the
/// search drops none.
pub(super) struct Room {
    capacity: usize,
    next: usize,
}

impl Room {
    pub(super) fn new(capacity: usize) -> Self {
        Self { capacity, next: capacity / 2 }
    }

    /// Whether there is room for so many entries without a search.
    pub(super) fn is_for(&self, entries: usize) -> bool {
        entries <= self.next
    }

    /// Whether this is still too many after a search.
    pub(super) fn is_full(&self, entries: usize) -> bool {
        entries + self.eighth() > self.capacity
    }

    /// The list was searched, and so many entries are left.
    pub(super) fn looked_through(&mut self, entries: usize) {
        self.next = (self.capacity / 2).max(entries + self.eighth());
    }

    fn eighth(&self) -> usize {
        // One logout takes two entries.
        (self.capacity / 8).max(2)
    }
}

/// The users who have more entries than are kept individually.
pub(super) fn crowds<'a>(users: impl Iterator<Item = &'a str>) -> HashSet<Box<str>> {
    let mut counts = HashMap::<_, usize>::new();
    users.for_each(|user| *counts.entry(user).or_default() += 1);
    counts.into_iter().filter(|(_, count)| *count > MANY).map(|(user, _)| user.into()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S24: entries that must stay do not make each further one slow.
    #[test]
    fn a_list_is_searched_from_half_full_on_and_once_for_many_entries() {
        let (mut room, mut looks) = (Room::new(1000), Vec::new());
        for entries in 1..=1000 {
            if !room.is_for(entries) {
                looks.push(entries - 1);
                room.looked_through(entries - 1);
            }
        }
        assert_eq!(looks, [500, 625, 750, 875]);
        assert!(!room.is_full(875) && room.is_full(876));
        room.looked_through(100);
        assert!(room.is_for(500) && !room.is_for(501));
    }

    #[test]
    fn a_crowd_has_more_than_sixty_four_entries() {
        let of = |user, count| std::iter::repeat_n(user, count);
        let users = of("alice", 64).chain(of("bob", 65)).chain(of("carol", 1));
        assert_eq!(crowds(users), HashSet::from(["bob".into()]));
    }
}
