import itertools
import threading

import pytest

from ambi2binaural.ahead import ahead, beside
from simbinaural.errors import InputError


def test_a_call_beside_gives_its_result_or_its_error():
    assert beside(pow, 2, 10).result() == 1024
    with pytest.raises(ZeroDivisionError):
        beside(divmod, 1, 0).result()


def test_items_come_in_order_and_from_one_other_thread():
    threads = (threading.get_ident() for _ in range(5))
    with ahead(zip(range(5), threads, strict=False), 2) as pairs:
        numbers, places = zip(*pairs, strict=True)
    assert numbers == (0, 1, 2, 3, 4)
    assert len(set(places)) == 1
    assert places[0] != threading.get_ident()


def test_so_many_items_are_made_and_no_more():
    made, two = [], threading.Event()

    def items():
        for number in itertools.count():
            made.append(number)
            if number == 1:
                two.set()
            yield number

    with ahead(items(), 2) as taken:
        assert two.wait(10)  # nothing was taken yet
        assert next(taken) == 0
    assert len(made) <= 3


def test_an_error_comes_where_its_item_would():
    def items():
        yield 1
        raise InputError("second item is damaged")

    with ahead(items(), 3) as taken:
        assert next(taken) == 1
        with pytest.raises(InputError, match="damaged"):
            next(taken)
