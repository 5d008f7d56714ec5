"""What people send to make a dataset: the builder's spec, and what only the service knows about."""

from pydantic import Field

from builder.spec import DatasetSpec


class DatasetRequest(DatasetSpec):
    """A dataset to build, and how it is to be built here."""

    max_cost: float | None = Field(
        default=None,
        gt=0,
        le=1_000_000,
        description="collecting stops before the build would cost more, by the price table and in its currency",
    )

    def spec(self) -> DatasetSpec:
        """The builder's part."""
        return DatasetSpec.model_validate(self.model_dump(include=set(DatasetSpec.model_fields)))
