/*
 * src/attribution_taint.c
 *	  How much claimed money leaves a mixed account with a debit.
 *
 * An account holds `balance`, of which `claimed` belongs to claims. A debit of
 * `need` <= balance takes, of the claimed money:
 *
 * pro_rata		its share (rolling, at the time of the debit)
 * taint_first	as much as there is
 * taint_last	only what nobody's money does not cover: the holder is presumed to
 *				spend his own money first. Nobody's money that comes later never
 *				becomes claimed again, so this is the lowest intermediate balance
 *				rule.
 *
 * For one account and the same credits taint_first keeps the least and
 * taint_last the most; every other rule keeps a balance between the two. What
 * is taken is divided among the claims in proportion (attribution_pro_rata.c).
 * Poison takes no amounts and is not asked here.
 */
#include "postgres.h"

#include "attribution.h"

int128
rs_rule_take(RsRule rule, int128 need, int128 claimed, int128 balance)
{
	Assert(need >= 0 && need <= balance && claimed >= 0 && claimed <= balance);
	switch (rule)
	{
		case RS_TAINT_FIRST:
			return Min(need, claimed);
		case RS_TAINT_LAST:
			return Max((int128) 0, need - (balance - claimed));
		default:
			return rs_pro_rata_take(need, claimed, balance);
	}
}
