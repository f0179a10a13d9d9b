"""Two things that numba has no words for: all mosaics of a pixel at once, and looking ahead.

Processors divide four numbers in the time of one, and rounding does not change by it. They also
fetch memory while they compute, where they are asked to in time: the pixels of a turned chip lie
all over a mosaic, and no processor guesses where the next ones are.

Only :mod:`skydb.drizzle.tasks.onepass_areas` imports this module, when numba is there.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.extending import intrinsic

#: An object of numba or llvmlite, which have no types for them.
Piece = Any

_BYTES_OF_FLOAT = 4
#: Arguments of LLVM's ``prefetch``: for writing, to be kept, and data.
_FOR_WRITING, _KEPT, _DATA = 1, 3, 1
_INT32: Piece = ir.IntType(32)


def _move_means(
    typing: Piece,
    means: Piece,
    at: Piece,
    values: Piece,
    before: Piece,
    gain: Piece,
    after: Piece,
    mosaics: Piece,
) -> Piece:
    """Move the weighted means of a pixel on: ``(mean * before + gain * value) / after``.

    Every step is rounded to single precision. Where there was no weight the value is the mean,
    and where there is none afterwards the mean stays. There is no branch: whether a pixel is the
    first one cannot be guessed.

    Parameters
    ----------
    means : array of float32
        The means of all mosaics of one pixel lie side by side from `at` on; changed.
    values : array of float32
        What comes to them.
    before, gain, after : float32
        Weights of the means, of the values, and of both.
    mosaics : tuple
        As many elements as there are mosaics.
    """
    del typing, at, before, gain, after
    weights = (types.float32,) * 3
    signature = types.void(means, types.intp, values, *weights, mosaics)
    vector = ir.VectorType(ir.FloatType(), mosaics.count)
    zero = ir.Constant(vector, [0.0] * mosaics.count)

    def generate(context: Piece, builder: Piece, signature: Piece, arguments: Piece) -> Piece:
        own = context, builder, signature, arguments
        place = builder.bitcast(_address(*own, 0, arguments[1]), vector.as_pointer())
        new = builder.bitcast(_address(*own, 2), vector.as_pointer())
        mean, value = (builder.load(start, align=_BYTES_OF_FLOAT) for start in (place, new))
        before, gain, after = (_all(builder, vector, arguments[i]) for i in (3, 4, 5))
        flux = builder.fadd(builder.fmul(mean, before), builder.fmul(gain, value))
        # A quotient in single precision is what one in double precision is rounded to.
        moved = builder.fdiv(flux, after)
        moved = builder.select(builder.fcmp_ordered("==", after, zero), mean, moved)
        moved = builder.select(builder.fcmp_ordered("==", before, zero), value, moved)
        builder.store(moved, place, align=_BYTES_OF_FLOAT)
        return context.get_dummy_value()

    return signature, generate


def _fetch(typing: Piece, array: Piece, at: Piece) -> Piece:
    """Ask for an element of an array that will be changed; it need not be there."""
    del typing, at
    return types.void(array, types.intp), _prefetch


#: For functions that numba compiles.
move_means: Piece = intrinsic(_move_means)
fetch: Piece = intrinsic(_fetch)


def _prefetch(context: Piece, builder: Piece, signature: Piece, arguments: Piece) -> Piece:
    byte = ir.IntType(8).as_pointer()
    kind = ir.FunctionType(ir.VoidType(), [byte, *[_INT32] * 3])
    function = builder.module.declare_intrinsic("llvm.prefetch", [byte], kind)
    start = builder.bitcast(_address(context, builder, signature, arguments, 0, arguments[1]), byte)
    builder.call(function, [start, *(_INT32(one) for one in (_FOR_WRITING, _KEPT, _DATA))])
    return context.get_dummy_value()


def _address(
    context: Piece,
    builder: Piece,
    signature: Piece,
    arguments: Piece,
    number: int,
    at: Piece = None,
) -> Piece:
    """Address of the first element of an array among the arguments, or of another one."""
    array = context.make_array(signature.args[number])(context, builder, arguments[number])
    return array.data if at is None else builder.gep(array.data, [at])


def _all(builder: Piece, vector: Piece, number: Piece) -> Piece:
    """A vector of one number."""
    nothing = ir.Constant(vector, ir.Undefined)
    first = builder.insert_element(nothing, number, _INT32(0))
    places = ir.Constant(ir.VectorType(_INT32, vector.count), [0] * vector.count)
    return builder.shuffle_vector(first, nothing, places)
