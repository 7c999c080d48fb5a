"""What is kept for the next turn, within its bounds."""

from __future__ import annotations

from threading import Thread

from ccproxy.gateway.keepsakes import Keepsakes


def test_a_value_is_found_by_its_id_until_another_takes_its_place() -> None:
    store = Keepsakes()
    assert store.get("one") is None
    store.put("one", b"first")
    store.put("one", b"second")
    assert (store.get("one"), store.get("two")) == (b"second", None)


def test_of_too_many_the_one_goes_that_was_not_used_for_the_longest_time() -> None:
    store = Keepsakes(entries=2)
    store.put("one", b"1")
    store.put("two", b"2")
    store.get("one")
    store.put("three", b"3")
    assert [store.get(id) for id in ("one", "two", "three")] == [b"1", None, b"3"]


def test_of_too_much_as_many_go_as_must() -> None:
    store = Keepsakes(size=12)
    for id in "abcd":
        store.put(id, b"12")
    store.put("e", b"1234567")
    assert [store.get(id) for id in "abcde"] == [None, None, None, b"12", b"1234567"]


def test_what_is_replaced_no_longer_counts() -> None:
    store = Keepsakes(size=12)
    store.put("a", b"12")
    for _ in range(5):
        store.put("b", b"1234567")
    assert (store.get("a"), store.get("b")) == (b"12", b"1234567")


def test_what_is_larger_than_the_store_is_not_kept_and_drives_out_nothing() -> None:
    store = Keepsakes(size=8)
    store.put("a", b"123")
    store.put("b", b"12345678")
    assert (store.get("a"), store.get("b")) == (b"123", None)


def test_threads_do_not_get_in_each_others_way() -> None:
    store = Keepsakes(entries=50)

    def use(name: str) -> None:
        for number in range(300):
            store.put(f"{name}{number}", name.encode())
            store.get(f"{name}{number - 1}")

    threads = [Thread(target=use, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    held = [f"{name}{number}" for name in "abcd" for number in range(300) if store.get(f"{name}{number}")]
    assert len(held) == 50
    assert all(store.get(id) == id[0].encode() for id in held)
