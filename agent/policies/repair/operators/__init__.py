"""The repair operators: how a program may be wrong by one edit. A new one is one line here."""

from agent.policies.repair.operators import (
    calls,
    conditions,
    emptiness,
    guards,
    names,
    patterns,
    statements,
    types,
    values,
)
from agent.policies.repair.operators.operator import NodeOperator, StatementOperator

NODE_OPERATORS: tuple[NodeOperator, ...] = (
    conditions.ComparisonOperator(),
    conditions.BooleanOperator(),
    conditions.Negation(),
    conditions.Truthiness(),
    conditions.TypeGuard(),
    values.Arithmetic(),
    values.Constant(),
    values.SliceBounds(),
    guards.DefaultValue(),
    names.WrongName(),
    names.WrongAttribute(),
    names.SwapArguments(),
    names.PassOn(),
    names.SiblingFunction(),
    calls.Conversion(),
    calls.Normalisation(),
    calls.Unwrap(),
    calls.Symmetry(),
    patterns.Pattern(),
    types.TypeTest(),
)

STATEMENT_OPERATORS: tuple[StatementOperator, ...] = (
    conditions.ConditionOrder(),
    conditions.ConstantCondition(),
    conditions.BorrowedCondition(),
    guards.GuardStatement(),
    guards.ConjunctGuard(),
    guards.ExceptionKind(),
    guards.TryStatement(),
    values.AugmentedAssignment(),
    statements.DeleteStatement(),
    statements.SwapStatements(),
    statements.CopyStatement(),
    emptiness.SkipEmpty(),
)
