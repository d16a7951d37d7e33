//! What is kept for each order: a list sorted by id. A board holds hundreds of
//! orders, for which this is as fast as a hash table and far less to fetch.

use crate::domain::OrderId;

/// One value for each order.
#[derive(Clone, Debug)]
pub struct Table<T>(Vec<(OrderId, T)>);

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Table<T> {
    fn place(&self, id: OrderId) -> Result<usize, usize> {
        self.0.binary_search_by(|(other, _)| other.cmp(&id))
    }

    /// The value of `id`.
    #[must_use]
    pub fn get(&self, id: OrderId) -> Option<&T> {
        self.0.get(self.place(id).ok()?).map(|(_, value)| value)
    }

    /// The value of `id`, to change.
    pub fn get_mut(&mut self, id: OrderId) -> Option<&mut T> {
        let place = self.place(id).ok()?;
        self.0.get_mut(place).map(|(_, value)| value)
    }

    /// Keeps `value` for `id`; the one before.
    pub fn insert(&mut self, id: OrderId, value: T) -> Option<T> {
        match self.place(id) {
            Ok(place) => Some(std::mem::replace(&mut self.0[place].1, value)),
            Err(place) => {
                self.0.insert(place, (id, value));
                None
            }
        }
    }

    /// Takes the value of `id` away.
    pub fn remove(&mut self, id: OrderId) -> Option<T> {
        let place = self.place(id).ok()?;
        Some(self.0.remove(place).1)
    }

    /// Takes everything away.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Every id with its value.
    pub fn iter(&self) -> impl Iterator<Item = &(OrderId, T)> {
        self.0.iter()
    }
}
