"""Interleaved rounds: in each, every lane sends a chunk of requests, so that a slow moment of the machine hits all."""

import statistics
from collections.abc import Callable, Container, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from selectors import EVENT_READ, DefaultSelector
from time import perf_counter

from benchmarks.client import PATIENCE, Address, Answer, Connection

Ask = Callable[[int], bytes]
"""Returns the request of a number; numbers count from 0 over all rounds."""


@dataclass(frozen=True, slots=True)
class Lane:
    """One server with one kind of request."""

    name: str
    address: Address
    ask: Ask
    wanted: Container[int] = (200,)
    """The statuses of success."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is sent: a chunk ends with its requests or its seconds, whichever comes first."""

    rounds: int = 7
    requests: int = 300
    seconds: float = 0.25
    connections: int = 1


@dataclass(slots=True)
class Chunk:
    """What came of requests sent one after the other over each of some connections."""

    latencies: list[float]
    answers: list[tuple[int, Answer]]
    """By the numbers of their requests."""
    seconds: float

    def failures(self, wanted: Container[int]) -> int:
        """Return how many answers have a status that is not wanted."""
        return sum(answer.status not in wanted for _, answer in self.answers)


@dataclass(frozen=True, slots=True)
class Figures:
    """What a lane did."""

    rates: tuple[float, ...]
    """Requests a second in each round."""
    p50_ms: float
    p99_ms: float
    requests: int
    failures: int

    @property
    def rate(self) -> float:
        """Requests a second, the median of the rounds."""
        return statistics.median(self.rates)

    def ratio(self, other: "Figures") -> float:
        """Return how many times as fast this is: the median of the ratios within the rounds."""
        return statistics.median(mine / its for mine, its in zip(self.rates, other.rates, strict=False))


def interleave(lanes: Sequence[Lane], plan: Plan) -> dict[str, Figures]:
    """Run all rounds; return the figures by the lanes' names."""
    chunks: dict[str, list[Chunk]] = {lane.name: [] for lane in lanes}
    sent = dict.fromkeys(chunks, 0)
    for _ in range(plan.rounds):
        for lane in lanes:
            chunk = run_chunk(lane, plan, sent[lane.name])
            sent[lane.name] += len(chunk.latencies)
            chunks[lane.name].append(chunk)
    return {lane.name: figures(chunks[lane.name], lane.wanted) for lane in lanes}


def run_chunk(lane: Lane, plan: Plan, first: int = 0) -> Chunk:
    """Send requests from the number `first` on.

    :raises OSError: a connection broke, or an answer did not come.
    """
    with ExitStack() as stack:
        connections = [stack.enter_context(Connection(lane.address)) for _ in range(plan.connections)]
        started = perf_counter()
        numbers = _until(started + plan.seconds, range(first, first + plan.requests))
        exchange = _one_by_one if len(connections) == 1 else _side_by_side
        exchanges = list(exchange(connections, lane.ask, numbers))
        seconds = perf_counter() - started
    answers = [(number, answer) for number, _, answer in exchanges]
    return Chunk([latency for _, latency, _ in exchanges], answers, seconds)


def figures(chunks: Sequence[Chunk], wanted: Container[int]) -> Figures:
    """Return what the chunks of a lane amount to."""
    latencies = sorted(latency for chunk in chunks for latency in chunk.latencies)
    return Figures(
        tuple(len(chunk.latencies) / chunk.seconds for chunk in chunks),
        statistics.median(latencies) * 1000,
        latencies[min(len(latencies) - 1, int(len(latencies) * 0.99))] * 1000,
        len(latencies),
        sum(chunk.failures(wanted) for chunk in chunks),
    )


def _until(end: float, numbers: range) -> Iterator[int]:
    """Yield the numbers until the time has come; the first in any case."""
    for number in numbers:
        yield number
        if perf_counter() > end:
            return


def _one_by_one(
    connections: Sequence[Connection], ask: Ask, numbers: Iterator[int]
) -> Iterator[tuple[int, float, Answer]]:
    (connection,) = connections
    for number in numbers:
        request = ask(number)
        started = perf_counter()
        answer = connection.ask(request)
        yield number, perf_counter() - started, answer


def _side_by_side(
    connections: Sequence[Connection], ask: Ask, numbers: Iterator[int]
) -> Iterator[tuple[int, float, Answer]]:
    """Keep one request under way on each connection."""
    under_way: dict[Connection, tuple[int, float]] = {}

    def send(connection: Connection) -> None:
        number = next(numbers, None)
        if number is not None:
            request = ask(number)
            under_way[connection] = number, perf_counter()
            connection.send(request)

    with DefaultSelector() as selector:
        for connection in connections:
            selector.register(connection, EVENT_READ, connection)
            send(connection)
        while under_way:
            ready = selector.select(PATIENCE)
            if not ready:
                raise TimeoutError("a server does not answer")
            for key, _ in ready:
                connection = key.data
                answer = connection.receive()
                if answer is not None:
                    number, started = under_way.pop(connection)
                    yield number, perf_counter() - started, answer
                    send(connection)
