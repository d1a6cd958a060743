/*
 * test/oracle/folding_dump.c
 *	  What the generated tables say of every code point, for tests in other languages.
 *
 * One line each: code point, kind (text, ignorable, separator, clause), folded
 * code points, toneless reading of the folded character, forms side by side.
 */
#include "pg_shim.h"

#include <stdio.h>

#include "folding.h"

int
main(void)
{
	static const char *const kind_name[] = {"text", "ignorable", "separator", "clause"};

	shim_init();
	for (uint32 cp = 0; cp <= RS_LAST_CODE_POINT; cp++)
	{
		uint32		folded[RS_FOLD_MAX],
					left,
					right;
		int			n;
		RsFoldKind	kind = rs_fold(cp, folded, &n);

		printf("%x\t%s\t", cp, kind_name[kind]);
		for (int i = 0; i < n; i++)
			printf("%s%x", i ? " " : "", folded[i]);
		printf("\t%s\t", n == 1 && rs_reading(folded[0]) ? rs_syllable(rs_reading(folded[0])) : "");
		for (int i = 0; rs_split_parts(cp, i, &left, &right); i++)
			printf("%s%x+%x", i ? " " : "", left, right);
		putchar('\n');
	}
	return 0;
}
