"""Builder of runs of TweakReg from the meaning of their lines.

A fit that failed leaves no numbers in the log, a row of NaN in the shift file, and whatever
match file an earlier run left in the directory: the log is what says whether a match file
belongs to the run.
"""

from __future__ import annotations

from collections.abc import Callable

from skydb.files.logs.draft import Draft
from skydb.files.logs.headerlines import HeaderLines
from skydb.files.logs.patterns import EXCEPTION, PARAMETER, Event, LoggedTask, What
from skydb.files.logs.runs import LoggedAlignment, LoggedFit
from skydb.files.logs.values import base_name, number_in, switch_in
from skydb.files.shiftfile import signed_angle_deg

_UPDATES = "updatehdr"
_INTERRUPTED = "Quitting as a result of user request"
_QUITTING = "Quitting..."
_SHIFT_FILE = "creating a shiftfile"
_NO_FIT = "the log contains no fit"


class TweakRegBuilder:
    """Takes the events of one run; numbers belong to the fit that was begun last."""

    task = LoggedTask.TWEAKREG

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.run = LoggedAlignment(task=self.task, lines=draft.digest.close(), **draft.facts())
        self._headers = HeaderLines(self.run)
        self._is_closed = False
        """The numbers of the fit in work are all there: further ones are of a fit whose
        first lines are lost."""
        self._omitted: dict[str, LoggedFit] = {}
        """Fits that were given up before the first one; they take part in the matching."""

    @property
    def is_over(self) -> bool:
        """Whether the run has ended."""
        return self.run.has_ended

    def take(self, event: Event) -> None:
        """Take one event."""
        if event.what is EXCEPTION:
            if not self._has_returned:
                self.run.failure = self.run.cause(event.groups[0])
        elif self.is_over:
            self._take_afterwards(event)
        elif self.draft.mixing.is_repeated(event, self.draft.section) or self._is_early(event):
            self.draft.mixed(self.run, event)
        elif event.what in _NUMBERS:
            self._numbers(event)
        elif self._headers.take(event):
            if event.what in _NAMES_PRODUCT:
                self._updating(event)
        elif (take := _TAKE.get(event.what)) is not None:
            take(self, event)
        else:
            if event.what is PARAMETER and event.groups[0] == _UPDATES:
                self._check_updates(event)
            self.draft.take(event)

    @property
    def _has_returned(self) -> bool:
        """Whether the run came to a proper end, so that an exception is of who called it.

        TweakReg prints its last line also when it breaks down, and before the exception.
        """
        run = self.run
        if run.remark or not self.is_over:
            return self.is_over and str(run.remark).endswith(_QUITTING)
        is_short = not run.fits or not run.fits[-1].is_done or bool(run.unattempted)
        is_left = run.updates_headers and not all(
            self._headers.is_written(fit) for fit in run.fits if fit.is_fitted
        )
        waits = _SHIFT_FILE in run.parameters and run.shift_file is None
        return not (is_short or is_left or waits)

    def _check_updates(self, event: Event) -> None:
        """A run has one ``updatehdr``, but for that of the reference image."""
        known = self.run.updates_headers
        is_other = known is not None and known is not switch_in(event.groups[1])
        if is_other and "reference" not in self.draft.section:
            self.draft.mixed(self.run, event)

    def finish(self) -> LoggedAlignment:
        """The run, when its log has nothing more of it."""
        run = self.run
        run.python_version = self.draft.python_version
        run.tool_version = run.tool_version or run.packages.get("drizzlepac", "")
        if not self.is_over:
            run.lines = self.draft.digest.close()
        if not self.is_over and run.failure is None:
            self._leave_unfinished()
        self._add_omitted()
        for fit in run.fits:
            fit.is_written = self._headers.is_written(fit)
            if not fit.is_fitted and fit.failure is None and not fit.is_reference:
                fit.failure = _NO_FIT
        is_left = any(fit.is_fitted and not fit.is_written for fit in run.fits)
        if self.draft.interrupts and run.has_ended and run.updates_headers and is_left:
            run.is_mixed = True  # Its end is that of another run.
        return run

    def _leave_unfinished(self) -> None:
        """Take a fit in which the log ends for no failure; its numbers so far are kept."""
        if self.run.fits and not self.run.fits[-1].is_done:
            self.run.unfinished = self.run.fits[-1].product
            if not self.run.fits[-1].is_fitted:
                self.run.fits.pop()

    def _add_omitted(self) -> None:
        """Add the products that were given up, unless the run came to no fit at all."""
        began = {fit.product for fit in self.run.fits}
        if began:
            self.run.fits += [fit for fit in self._omitted.values() if fit.product not in began]

    def _take_afterwards(self, event: Event) -> None:
        """Lines after the end are of another run; TweakBack writes headers, too."""
        is_fit = event.what in _NUMBERS or event.what is What.FIT
        if self.draft.interrupts and (is_fit or event.what in _OF_RUNS):
            self.draft.mixed(self.run, event)
        elif is_fit or (self.draft.interrupts and event.what in _OF_HEADERS):
            self.draft.problem(event)

    def _is_early(self, event: Event) -> bool:
        """Whether a line is of a run that began before this one, which has not come so far."""
        if not self.draft.interrupts or event.what not in _AFTER:
            return False
        run = self.run
        has = {What.PRODUCTS: run.products, What.FRAME: run.frame, What.FIT: run.fits}
        return not all(has[before] for before in _AFTER[event.what])

    def _is_foreign(self, product: str) -> bool:
        """Whether a product is none of the run."""
        return bool(self.run.products) and product not in self.run.products

    def _trailer(self, _: Event) -> None:
        self.run.has_ended = True
        self.run.lines = self.draft.digest.close()

    def _reason(self, event: Event) -> None:
        reason = event.groups[0]
        if reason.startswith(_INTERRUPTED):
            self.run.failure = reason
        else:
            self.run.remark = self.run.remark or reason

    def _product(self, event: Event) -> None:
        name = base_name(event.groups[0])
        if name not in self.run.products:
            self.run.products.append(name)

    def _omit(self, event: Event) -> None:
        product, why = base_name(event.groups[0]), f"The image contains {event.groups[1]}"
        self._omitted.setdefault(product, LoggedFit(product, event.number, failure=why))

    def _frame(self, event: Event) -> None:
        self.run.frame = base_name(event.groups[0])

    def _sources(self, event: Event) -> None:
        self.run.sources[base_name(event.groups[0])] = int(event.groups[1])

    def _shift_file(self, event: Event) -> None:
        self.run.shift_file = event.groups[0]

    def _updating(self, event: Event) -> None:
        self._is_closed = True
        product = base_name(event.groups[0])
        is_plane = product in (self.run.frame, self.run.reference)
        if self.draft.interrupts and self._is_foreign(product) and not is_plane:
            self.draft.mixed(self.run, event)

    def _fit(self, event: Event) -> None:
        product = base_name(event.groups[0])
        self._headers.forget()
        last = self.run.fits[-1] if self.run.fits else None
        if last is not None and product == last.product and not last.lines and not last.is_done:
            return  # Printed twice.
        # A fit that failed is tried again when the reference catalogue has grown.
        is_again = any(fit.product == product and fit.is_fitted for fit in self.run.fits)
        is_early = self.draft.interrupts and (self._is_foreign(product) or not self._is_between)
        if is_again or is_early:
            self.draft.mixed(self.run, event)
        self._begin(product, event)

    @property
    def _is_between(self) -> bool:
        """Whether no fit is in the middle of its lines."""
        last = self.run.fits[-1] if self.run.fits else None
        return last is None or last.is_done

    def _begin(self, product: str, event: Event) -> LoggedFit:
        self._is_closed = False
        self.run.fits.append(LoggedFit(product, event.number))
        return self.run.fits[-1]

    def _current(self, event: Event, named: str) -> LoggedFit | None:
        """The fit that is in work, of the product that a line names.

        When it names another one, the line that began its fit is lost.
        """
        product = base_name(named)
        if self.run.fits and product == self.run.fits[-1].product:
            return self.run.fits[-1]
        if product in self._omitted and self._is_between:
            self._is_closed = True
            self.run.fits.append(self._omitted[product])
            return self.run.fits[-1]
        if self.draft.interrupts:
            self.draft.mixed(self.run, event)
            return None
        self.draft.problem(event)
        is_new = product not in {fit.product for fit in self.run.fits}
        if is_new and product in self.run.products:
            return self._begin(product, event)
        self._is_closed = True
        return None

    def _matching(self, event: Event) -> None:
        if (fit := self._current(event, event.groups[0])) is not None:
            fit.reference = event.groups[1]

    def _geometry(self, event: Event) -> None:
        if (fit := self._current(event, event.groups[1])) is not None:
            fit.fit_geometry = event.groups[0]
            fit.lines["fit_geometry"] = event.number

    def _identity(self, event: Event) -> None:
        if self.run.fits and self.run.fits[-1].product == base_name(event.groups[0]):
            self.run.fits[-1].is_reference = True

    def _not_fitted(self, event: Event) -> None:
        reason, product = event.groups
        fits = [fit for fit in self.run.fits if not product or fit.product == base_name(product)]
        if fits and fits[-1].product in self._omitted:
            return  # It was given up for a better reason.
        if fits:
            fits[-1].failure = f"{reason} {product or fits[-1].product}"
        else:
            self.draft.problem(event)

    def _numbers(self, event: Event) -> None:
        fit = self.run.fits[-1] if self.run.fits else None
        try:
            numbers = _NUMBERS[event.what](event.groups)
        except ValueError:
            numbers = {}
        if fit is None or not numbers or not self._may_take(fit, numbers):
            self.draft.problem(event)
            self.run.is_mixed = self.run.is_mixed or (bool(numbers) and self.draft.interrupts)
            return
        for name, number in numbers.items():
            setattr(fit, name, number)
            fit.lines[name] = event.number
        self._is_closed = self._is_closed or event.what is What.OBJECTS

    def _may_take(self, fit: LoggedFit, numbers: dict[str, object]) -> bool:
        """Whether numbers are of the fit in work: what it has already may only come again."""
        if all(name in fit.lines and getattr(fit, name) == numbers[name] for name in numbers):
            return True
        return not self._is_closed and not any(name in fit.lines for name in numbers)


def _shift(groups: tuple[str, ...]) -> dict[str, object]:
    """A general fit prints its proper rotation here, and its mean scale on a line of its own."""
    dx, dy, rotation, scale = groups
    found: dict[str, object] = {"dx_pix": number_in(dx), "dy_pix": number_in(dy)}
    if rotation:
        found["rotation_deg"] = signed_angle_deg(number_in(rotation))
    if scale:
        found["scale"] = number_in(scale)
    return found


def _scale(groups: tuple[str, ...]) -> dict[str, object]:
    return {"scale": number_in(groups[0])}


def _rms_pix(groups: tuple[str, ...]) -> dict[str, object]:
    return {"x_rms_pix": number_in(groups[0]), "y_rms_pix": number_in(groups[1])}


def _rms_sky(groups: tuple[str, ...]) -> dict[str, object]:
    rms_ra, unit_ra, rms_dec, unit_dec = groups
    number_in(rms_ra), number_in(rms_dec)
    return {"printed_rms": f"RMS_RA {rms_ra} {unit_ra}, RMS_DEC {rms_dec} {unit_dec}"}


def _objects(groups: tuple[str, ...]) -> dict[str, object]:
    return {"nmatches": int(groups[0])}


_NUMBERS: dict[What, Callable[[tuple[str, ...]], dict[str, object]]] = {
    What.SHIFT: _shift,
    What.SCALE: _scale,
    What.RMS_PIX: _rms_pix,
    What.RMS_SKY: _rms_sky,
    What.OBJECTS: _objects,
}

#: Lines that come before others.
_AFTER: dict[What, tuple[What, ...]] = {
    What.SOURCES: (What.PRODUCTS,),
    What.FRAME: (What.PRODUCTS,),
    What.FIT: (What.PRODUCTS, What.FRAME),
    What.UPDATING: (What.PRODUCTS,),
    What.SHIFT_FILE: (What.FIT,),
}

#: Lines of a run besides its fits, and lines of headers, which TweakBack prints, too.
_OF_RUNS = frozenset({What.MATCHING, What.GEOMETRY, What.PRODUCTS, What.SOURCES, What.FRAME,
                      What.NOT_FITTED, What.SHIFT_FILE, What.TRAILER})  # fmt: skip
_OF_HEADERS = frozenset({What.UPDATING, What.WCS_NAMED, What.WCS_WRITTEN})
#: Lines that name the image whose header comes next.
_NAMES_PRODUCT = frozenset({What.UPDATING, What.RECORDED})

_TAKE: dict[What, Callable[[TweakRegBuilder, Event], None]] = {
    What.TRAILER: TweakRegBuilder._trailer,
    What.REASON: TweakRegBuilder._reason,
    What.PRODUCT: TweakRegBuilder._product,
    What.OMITTED: TweakRegBuilder._omit,
    What.FRAME: TweakRegBuilder._frame,
    What.SOURCES: TweakRegBuilder._sources,
    What.SHIFT_FILE: TweakRegBuilder._shift_file,
    What.FIT: TweakRegBuilder._fit,
    What.MATCHING: TweakRegBuilder._matching,
    What.GEOMETRY: TweakRegBuilder._geometry,
    What.IDENTITY: TweakRegBuilder._identity,
    What.NOT_FITTED: TweakRegBuilder._not_fitted,
}
