"""RFC 7644 §3.4.2.2: which texts are filters, and how they are read."""

import json
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_bsr_scim.errors import InvalidFilter, ScimError
from flask_bsr_scim.filter import (
    MAX_DEPTH,
    MAX_LENGTH,
    MAX_TERMS,
    And,
    Comparison,
    Filter,
    Not,
    Operator,
    Or,
    Present,
    Scalar,
    ValuePath,
    parse_filter,
)
from flask_bsr_scim.path import parse_path

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

A, B, C = Present("a"), Present("b"), Present("c")
equal = partial(Comparison, operator=Operator.EQ)


@pytest.mark.requirement("F-06", "F-09", "F-14", "F-15", "F-16", "F-18", "F-21", "F-22", "F-23")
@pytest.mark.parametrize(
    ("text", "tree"),
    [
        pytest.param('userName eq "bjensen"', equal("userName", value="bjensen"), id="F-06 a comparison"),
        pytest.param("title pr", Present("title"), id="F-09 presence"),
        pytest.param("a pr and b pr and c pr", And((A, B, C)), id="F-14 and"),
        pytest.param("a pr or b pr or c pr", Or((A, B, C)), id="F-14 or"),
        pytest.param("not (a pr)", Not(A), id="F-14 not"),
        pytest.param("not(a pr)", Not(A), id="F-14 not without a blank"),
        pytest.param("not ( not ( a pr ) )", Not(Not(A)), id="F-14 not not"),
        pytest.param("a pr or b pr and c pr", Or((A, And((B, C)))), id="F-15 and binds closer than or, on the right"),
        pytest.param("a pr and b pr or c pr", Or((And((A, B)), C)), id="F-15 and binds closer than or, on the left"),
        pytest.param("(a pr or b pr) and c pr", And((Or((A, B)), C)), id="F-15 grouping binds closest"),
        pytest.param("not (a pr) and b pr", And((Not(A), B)), id="F-15 not binds closer than and"),
        pytest.param("not (a pr and b pr) or c pr", Or((Not(And((A, B))), C)), id="F-15 not takes its group"),
        pytest.param("a pr and (b pr and c pr)", And((A, And((B, C)))), id="F-15 groups stay as written"),
        pytest.param("((a pr))", A, id="F-15 a group of one"),
        pytest.param(
            "A EQ TRUE And nOT(b PR) oR c Pr",
            Or((And((equal("A", value=True), Not(B))), C)),
            id="F-16 operators and keywords in any letter case, names as written",
        ),
        pytest.param("name.familyName pr", Present("name.familyName"), id="F-18 a sub-attribute"),
        pytest.param("members.$ref pr", Present("members.$ref"), id="F-18 $ref"),
        pytest.param("x_y-1._z pr", Present("x_y-1._z"), id="F-18 all characters of names"),
        pytest.param(
            'emails[type eq "work" and value co "@x"]',
            ValuePath("emails", And((equal("type", value="work"), Comparison("value", Operator.CO, "@x")))),
            id="F-21 a value path",
        ),
        pytest.param(
            "e[not (a pr) or (b pr and c pr)] and a pr",
            And((ValuePath("e", Or((Not(A), And((B, C))))), A)),
            id="F-22 not, or and groups inside brackets",
        ),
        pytest.param(" e [ a pr ] ", ValuePath("e", A), id="F-22 blanks round brackets"),
        pytest.param("not (e[a pr])", Not(ValuePath("e", A)), id="F-22 a value path in a group"),
        pytest.param("a pr and (b pr)and(c pr)", And((A, B, C)), id="F-22 parentheses without blanks"),
        pytest.param(f"{ENTERPRISE}:department pr", Present(f"{ENTERPRISE}:department"), id="F-23 an URN"),
        pytest.param(f"{ENTERPRISE}:manager.value pr", Present(f"{ENTERPRISE}:manager.value"), id="F-23 URN and sub"),
        pytest.param(f"{ENTERPRISE} pr", Present(ENTERPRISE), id="F-23 a bare URN"),
        pytest.param("URN:x:2.0 pr", Present("URN:x:2.0"), id="F-23 an URN that ends in digits"),
        pytest.param(f"{ENTERPRISE}:x[a pr]", ValuePath(f"{ENTERPRISE}:x", A), id="F-23 an URN before brackets"),
        pytest.param(
            'emails[type eq "work"].value eq "x"',
            ValuePath("emails", And((equal("type", value="work"), equal("value", value="x")))),
            id="Entra's sub-attribute behind the brackets",
        ),
        pytest.param(
            "e[a pr and b pr].c pr or a pr", Or((ValuePath("e", And((A, B, C))), A)), id="Entra's form with an and"
        ),
        pytest.param("e[a pr or b pr].c pr", ValuePath("e", And((Or((A, B)), C))), id="Entra's form with an or"),
        pytest.param("and pr and or pr", And((Present("and"), Present("or"))), id="no word is reserved: and, or"),
        pytest.param("not pr or eq eq null", Or((Present("not"), equal("eq", value=None))), id="no word is reserved"),
        pytest.param("\ta\r\npr\n", A, id="all blanks of JSON"),
    ],
)
def test_reads_the_grammar(text: str, tree: Filter) -> None:
    """Each filter of the grammar becomes its tree."""
    assert parse_filter(text) == tree


@pytest.mark.requirement("F-06", "F-07", "F-08", "F-09", "F-10", "F-16")
@pytest.mark.parametrize("operator", list(Operator))
@pytest.mark.parametrize("change", [str.lower, str.upper, str.title], ids=["lower", "upper", "title"])
def test_reads_every_operator(operator: Operator, change: Callable[[str], str]) -> None:
    """Each operator is known in any letter case."""
    assert parse_filter(f'a {change(operator)} "x"') == Comparison("a", operator, "x")


@pytest.mark.requirement("F-26", "F-27")
@pytest.mark.parametrize(
    ("written", "value"),
    [
        pytest.param('""', "", id="F-26 the empty string"),
        pytest.param(r'"say \"hi\""', 'say "hi"', id="F-26 quotes"),
        pytest.param(r'"a\\"', "a\\", id="F-26 a backslash before the end"),
        pytest.param(r'"\/\b\f\n\r\t"', "/\b\f\n\r\t", id="F-26 short escapes"),
        pytest.param(r'"\u00e9\u00C9"', "éÉ", id="F-26 escapes in hexadecimal"),
        pytest.param(r'"\ud83d\ude00"', "😀", id="F-26 an escaped pair of surrogates"),
        pytest.param('"é😀"', "é😀", id="F-26 other scripts as they are"),
        pytest.param('"[x] (y) and or not eq"', "[x] (y) and or not eq", id="F-26 brackets and words of the grammar"),
        pytest.param('"%_*"', "%_*", id="F-26 what is a wildcard elsewhere"),
        pytest.param("true", True, id="F-27 true"),
        pytest.param("False", False, id="F-27 false, in any letter case"),
        pytest.param("null", None, id="F-27 null"),
        pytest.param("0", 0, id="F-27 zero"),
        pytest.param("-12", -12, id="F-27 a negative number"),
        pytest.param("9223372036854775807", 2**63 - 1, id="F-27 64 bits"),
        pytest.param("1.5", 1.5, id="F-27 a fraction"),
        pytest.param("-2.5E-1", -0.25, id="F-27 an exponent"),
    ],
)
@pytest.mark.parametrize("form", ["a eq {}", "e[a eq {}]", "(a eq {})"])
def test_reads_values_as_json(form: str, written: str, value: Scalar) -> None:
    """A value is what JSON says, and ends where JSON says."""
    tree = parse_filter(form.replace("{}", written))
    comparison = tree.filter if isinstance(tree, ValuePath) else tree
    assert isinstance(comparison, Comparison)
    assert (comparison.value, type(comparison.value)) == (value, type(value))


MALFORMED = {
    "empty": "",
    "blank": "  ",
    "a name alone": "userName",
    "no value": "userName eq",
    "no name": 'eq "x"',
    "an unknown operator": 'userName like "x"',
    "an operator of another language": 'userName = "x"',
    "an operator that is longer": 'userName equal "x"',
    "no operator": 'userName "x"',
    "a value behind pr": 'userName pr "x"',
    "and at the end": "a pr and",
    "and at the start": "and a pr",
    "and twice": "a pr and and b pr",
    "no and": "a pr b pr",
    "a comma": "a pr, b pr",
    "an ampersand": "a pr && b pr",
    "a parenthesis that stays open": "(a pr",
    "a parenthesis that was not open": "a pr)",
    "parentheses without a filter": "()",
    "a parenthesis that a bracket closes": "(a pr]",
    "not without parentheses": "not a pr",
    "not without a filter": "not ()",
    "not alone": "not",
    "a bracket that stays open": 'emails[type eq "work"',
    "a bracket that was not open": 'type eq "work"]',
    "brackets without a filter": "emails[]",
    "brackets without a name": "[a pr]",
    "brackets inside brackets": "e[a[b pr]]",
    "brackets inside brackets, in a group": "e[b pr and (a[b pr])]",
    "a dot behind the brackets": "e[a pr].",
    "a sub-attribute without operator": "e[a pr].b",
    "two sub-attributes": "e[a pr].b.c pr",
    "an operator behind the brackets": "e[a pr] pr",
    "brackets behind the brackets": "e[a pr][b pr]",
    "a quote that stays open": 'userName eq "x',
    "a quote that is escaped": r'userName eq "x\"',
    "a quote alone": 'userName eq "',
    "a quote in the value": 'userName eq "a"b"',
    "no blank before a value": 'userName eq"x"',
    "no blank behind a value": 'userName eq "x"and a pr',
    "two values": 'userName eq "x" "y"',
    "single quotes": "userName eq 'x'",
    "two words as value": "userName eq barbara jensen",
    "a word with a quote": 'userName eq bjensen"',
    "an operator as value": "userName eq and",
    "a word with another character": "userName eq ${name}",
    "a date without quotes": "meta.created gt 2011-05-13T04:42:34Z",
    "an unknown escape": r'userName eq "\x41"',
    "a short escape": r'userName eq "\u00e"',
    "a control character": 'userName eq "a\nb"',
    "NUL": 'userName eq "a\0b"',
    "NUL, escaped": r'userName eq "\u0000"',
    "a lone surrogate": 'userName eq "\ud800"',
    "a lone surrogate, escaped": r'userName eq "\ud800"',
    "a lone low surrogate, escaped": r'userName eq "\ude00x"',
    "a surrogate in a name": "urn:\ud800 pr",
    "a number with a leading zero": "a eq 01",
    "a number with a plus": "a eq +1",
    "a number that ends in a dot": "a eq 1.",
    "a hexadecimal number": "a eq 0x1",
    "a number beyond all": "a eq 1e999",
    "a number of many digits": "a eq " + "9" * 5000,
    "Infinity": "a eq -Infinity",
    "an array": 'a eq ["x"]',
    "an object": "a eq {}",
    "a name that begins with a digit": "1a pr",
    "a name that begins with a dot": ".a pr",
    "a name that ends in a dot": "a. pr",
    "a name with three parts": "a.b.c pr",
    "a name in quotes": '"a" pr',
    "a name with another character": "a$b% pr",
    "a name in another script": "имя pr",
    "a no-break space": "a\xa0pr",
    "NUL as blank": "a\0pr",
    "a comment": "a pr -- b",
}


@pytest.mark.requirement("F-12", "F-13")
@pytest.mark.parametrize("text", MALFORMED.values(), ids=MALFORMED.keys())
def test_refuses_what_is_not_in_the_grammar(text: str) -> None:
    """A filter that breaks the grammar is `invalidFilter`, said in one line that can be sent."""
    with pytest.raises(InvalidFilter) as error:
        parse_filter(text)
    assert error.value.detail.isprintable()


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        pytest.param(
            'userName like "x"',
            'The filter is not valid at character 10, behind "userName": an operator is expected: '
            "eq, ne, co, sw, ew, gt, ge, lt, le or pr.",
            id="in the middle",
        ),
        pytest.param("(a pr", "The filter is not valid at its end: 'and', 'or' or ')' is expected.", id="at the end"),
        pytest.param(
            f"  a eq -{'x' * 3000}",
            'The filter is not valid at character 8, behind "a eq": '
            "a value is expected as in JSON, with text in double quotes.",
            id="a value",
        ),
        pytest.param(
            'a eq "x"y',
            'The filter is not valid at character 6, behind "a eq": in a text, a double quote or backslash has a '
            "backslash before it, and behind its last double quote comes a blank.",
            id="something behind a value",
        ),
        pytest.param(
            'userName eq "CORP\\kim"',
            'The filter is not valid at character 13, behind "userName eq": in a text, a double quote or backslash '
            "has a backslash before it, and behind its last double quote comes a blank.",
            id="a backslash alone",
        ),
        pytest.param(
            f"urn:{'x' * 3000} eq",
            f'The filter is not valid at its end, behind "urn:{"x" * 76}…": '
            "a value is expected as in JSON, with text in double quotes.",
            id="a long name",
        ),
        pytest.param(
            'a eq "x" b eq "y"',
            "The filter is not valid at character 10: 'and', 'or' or the end is expected.",
            id="two comparisons",
        ),
    ],
)
def test_says_what_is_wrong_and_where(text: str, detail: str) -> None:
    """The administrator reads what was expected at which place."""
    with pytest.raises(InvalidFilter) as error:
        parse_filter(text)
    assert error.value.detail == detail


@pytest.mark.parametrize(
    "text",
    [
        "password eq hunter2!",
        "password hunter2",
        "password = hunter2",
        'password = "hunter2"',
        'password eq"hunter2"',
        'password eq "hunter2',
        "password eq 'hunter2'",
        'password eq "hunter2"hunter2',
        'password eq "hunter2" hunter2',
        "password eq 1 hunter2",
        r'password eq "\hunter2"',
        r'password eq "\u0000hunter2"',
        'password eq ["hunter2"]',
        'password eq {"hunter2": 1}',
        'password eq (hunter2)',
        'password eq "x" and "hunter2"',
        'not password eq hunter2',
        '"hunter2" eq password',
        'userName eq "bob" and (password eq hunter2!)',
        'emails[password eq hunter2!]',
        'emails[value eq "x"].hunter2%',
        'emails[password eq "hunter2" hunter2]',
    ],
)  # fmt: skip
def test_says_nothing_that_may_be_a_password(text: str) -> None:
    """What is wrong is shown by its place, and by the names before it: a value may be a secret."""
    for parse in (parse_filter, parse_path):
        with pytest.raises(ScimError) as error:
            parse(text)
        assert "hunter2" not in error.value.detail


@pytest.mark.requirement("F-36")
@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f'a eq "{"x" * (MAX_LENGTH - 7)}"', id="length"),
        pytest.param("(" * MAX_DEPTH + "a pr" + ")" * MAX_DEPTH, id="depth"),
        pytest.param("not (" * (MAX_DEPTH - 1) + "e[a pr]" + ")" * (MAX_DEPTH - 1), id="depth of all brackets"),
        pytest.param("(a pr) and " * 100 + "(a pr)", id="groups side by side"),
        pytest.param(" or ".join(["a pr"] * MAX_TERMS), id="terms"),
    ],
)
def test_reads_filters_at_the_limit(text: str) -> None:
    """What is allowed is read in full."""
    parse_filter(text)


HOSTILE = {
    "length": f'a eq "{"x" * (MAX_LENGTH - 6)}"',
    "a great length": f'a eq "{"secret" * 1_000_000}"',
    "depth of groups": "(" * (MAX_DEPTH + 1) + "a pr" + ")" * (MAX_DEPTH + 1),
    "depth of not": "not (" * (MAX_DEPTH + 1) + "a pr" + ")" * (MAX_DEPTH + 1),
    "depth with brackets": "(" * MAX_DEPTH + "e[a pr]" + ")" * MAX_DEPTH,
    "nothing but depth": "(" * MAX_LENGTH,
    "nothing but depth of not": "not(" * (MAX_LENGTH // 4),
    "nothing but brackets": "e[" * (MAX_LENGTH // 2),
    "terms": " or ".join(["a pr"] * (MAX_TERMS + 1)),
    "terms in brackets": f"e[{' or '.join(['a pr'] * MAX_TERMS)}].b pr",
    "quotes": '"' * MAX_LENGTH,
    "open quotes with escapes": '"\\' * (MAX_LENGTH // 2),
    "escaped quotes": '\\"' * (MAX_LENGTH // 2),
    "a value that never ends": 'a eq "' + '\\"' * (MAX_LENGTH // 2 - 3),
    "words and quotes": 'x"' * (MAX_LENGTH // 2),
    "a long word": "a" * MAX_LENGTH,
    "a long word with dots": "a." * (MAX_LENGTH // 2),
    "a long URN": "urn:" * (MAX_LENGTH // 4),
    "digits": "a eq " + "9" * (MAX_LENGTH - 5),
    "blanks": " " * MAX_LENGTH,
}


@pytest.mark.requirement("F-36")
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_refuses_hostile_filters_at_once(text: str) -> None:
    """Beyond a limit the answer is `invalidFilter`, in less than 50 ms and without the filter in it."""
    seconds = []
    for _ in range(3):
        begin = time.thread_time()
        with pytest.raises(InvalidFilter) as error:
            parse_filter(text)
        seconds.append(time.thread_time() - begin)
    assert min(seconds) < 0.05
    assert len(error.value.detail) < 200


NAMES = ("userName", "name.familyName", "$ref", "_x-1", "not", "and", "eq", "true", ENTERPRISE, f"{ENTERPRISE}:m.value")
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"))
SCALARS = (
    TEXTS
    | st.booleans()
    | st.none()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
)


def trees(leaves: st.SearchStrategy[Filter]) -> st.SearchStrategy[Filter]:
    """Return trees of and, or and not over some leaves."""
    return st.recursive(
        leaves,
        lambda below: (
            st.builds(Not, below)
            | st.builds(And, st.lists(below, min_size=2, max_size=3).map(tuple))
            | st.builds(Or, st.lists(below, min_size=2, max_size=3).map(tuple))
        ),
        max_leaves=8,
    )


TESTS: st.SearchStrategy[Filter] = st.builds(Present, st.sampled_from(NAMES)) | st.builds(
    Comparison, st.sampled_from(NAMES), st.sampled_from(Operator), SCALARS
)
FILTERS = trees(TESTS | st.builds(ValuePath, st.sampled_from(NAMES), trees(TESTS)))


def written(tree: Filter) -> str:
    """Return a filter as text, with the fewest parentheses."""
    match tree:
        case Present(path):
            return f"{path} pr"
        case Comparison(path, operator, value):
            return f"{path} {operator} {json.dumps(value)}"
        case ValuePath(path, inner):
            return f"{path}[{written(inner)}]"
        case Not(operand):
            return f"not ({written(operand)})"
        case And(operands):
            return " and ".join(grouped(operand, And, Or) for operand in operands)
        case Or(operands):
            return " or ".join(grouped(operand, Or) for operand in operands)


def grouped(tree: Filter, *loose: type[Filter]) -> str:
    """Return a filter as text, in parentheses when it is of a kind that binds no closer than what is round it."""
    return f"({written(tree)})" if isinstance(tree, loose) else written(tree)


@given(FILTERS)
def test_reads_what_is_written(tree: Filter) -> None:
    """Any tree, written out with the fewest parentheses and parsed, is the same tree again."""
    assert parse_filter(written(tree)) == tree


@given(st.text(st.sampled_from('ab.$1-"\\[]()  ,eqprandornotu:')) | st.text())
def test_any_text_is_a_filter_or_an_invalid_filter(text: str) -> None:
    """No text makes the parser fail in another way."""
    with suppress(InvalidFilter):
        parse_filter(text)
