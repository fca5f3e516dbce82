from app.session.lineage import Piece
from app.session.placing import Aim, Place, place

SORT = Piece("sort", "def sort_list(numbers):\n    return sorted(numbers)\n")
PLOT = Piece("plot", "import matplotlib.pyplot as plt\nplt.plot([1, 2])\n")
AGAIN = "def sort_list(numbers):\n    numbers.sort()\n"
PROGRAM = (
    "import random\n\ndef sort_list(numbers):\n    return sorted(numbers)\n\nfor walk in range(3):\n    print(walk)\n"
)


def test_a_new_request_whose_code_defines_a_known_function_alone_changes_that_cell() -> None:
    anew = Aim(None, certain=False)
    assert place(AGAIN, anew, [SORT], finished=False) is None
    assert place(AGAIN, anew, [SORT], finished=True) == Place("sort")


def test_a_program_that_brings_a_copy_of_a_known_function_along_gets_a_cell_of_its_own() -> None:
    assert place(PROGRAM, Aim(None, certain=False), [SORT], finished=True) == Place(None)


def test_a_script_never_takes_the_place_of_a_function() -> None:
    assert place("print(sort_list([2, 1]))", Aim("sort", certain=False), [SORT], finished=True) == Place(None)


def test_a_script_is_changed_by_a_script() -> None:
    assert place("plt.plot([3])", Aim("plot", certain=False), [SORT, PLOT], finished=True) == Place("plot")
