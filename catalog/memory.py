"""What was read or made lately, kept in memory up to so many bytes. Imports nothing of the catalog."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class Memory(Generic[Key, Value]):
    """Values by key, at most `most` bytes of them: what was asked for longest ago is dropped first."""

    def __init__(self, most: int) -> None:
        self.most, self.size = most, 0
        self._values: OrderedDict[Key, tuple[Value, int]] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Key) -> Value | None:
        with self._lock:
            if key not in self._values:
                return None
            self._values.move_to_end(key)
            return self._values[key][0]

    def keep(self, key: Key, value: Value, size: int) -> None:
        """Keep a value of so many bytes."""
        with self._lock:
            _, before = self._values.pop(key, (None, 0))
            self._values[key] = value, size
            self.size += size - before
            while self.size > self.most:
                _, (_, dropped) = self._values.popitem(last=False)
                self.size -= dropped
