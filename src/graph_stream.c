/*
 * src/graph_stream.c
 *	  The sections of a graph's file, being written.
 *
 * Each is a stream with one buffer and a running checksum; its place and length
 * are known before.
 */
#include "postgres.h"

#include "port/pg_crc32c.h"

#include "miscadmin.h"

#include "graph_file.h"
#include "rs_memory.h"

void
rs_graph_stream_begin(RsGraphStream *s, MemoryContext budget, const RsGraphHost *host, RsGraphExtent *extent)
{
	s->host = host;
	s->extent = extent;
	s->written = 0;
	s->used = 0;
	INIT_CRC32C(s->crc);
	s->buffer = rs_alloc(budget, 1, RS_STREAM_BUFFER + RS_STREAM_SLACK, "writing the graph");
}

void
rs_graph_stream_flush(RsGraphStream *s)
{
	uint32		n = Min(s->used, RS_STREAM_BUFFER);

	COMP_CRC32C(s->crc, s->buffer, n);
	s->host->write(s->host->arg, s->buffer, n, s->extent->offset + s->written);
	s->written += n;
	s->used -= n;
	memcpy(s->buffer, s->buffer + RS_STREAM_BUFFER, s->used);
}

void
rs_graph_stream_put(RsGraphStream *s, const void *data, uint64 length)
{
	const char *at = data;

	while (length > 0)
	{
		uint64		n = Min(length, RS_STREAM_BUFFER - s->used);

		memcpy(s->buffer + s->used, at, n);
		s->used += n;
		at += n;
		length -= n;
		if (s->used >= RS_STREAM_BUFFER)
			rs_graph_stream_flush(s);
	}
}

/* Flush, pad with zeros up to the next section. */
void
rs_graph_stream_close(RsGraphStream *s)
{
	uint64		end = TYPEALIGN64(RS_GRAPH_ALIGN, s->extent->offset + s->extent->length + 8);

	if (s->used > 0)
		rs_graph_stream_flush(s);
	if (s->written != s->extent->length)
		elog(ERROR, "graph section has " UINT64_FORMAT " bytes instead of " UINT64_FORMAT,
			 s->written, s->extent->length);
	FIN_CRC32C(s->crc);
	s->extent->crc = s->crc;
	memset(s->buffer, 0, RS_GRAPH_ALIGN + 8);
	for (uint64 at = s->extent->offset + s->written; at < end;)
	{
		Size		n = Min(end - at, RS_GRAPH_ALIGN);

		s->host->write(s->host->arg, s->buffer, n, at);
		at += n;
	}
	pfree(s->buffer);
	s->buffer = NULL;
}

bool
rs_graph_extent_verify(const RsGraphExtent *e, const char *base)
{
	pg_crc32c	crc;

	INIT_CRC32C(crc);
	for (uint64 at = 0; at < e->length; at += 1024 * 1024)
	{
		CHECK_FOR_INTERRUPTS();
		COMP_CRC32C(crc, base + e->offset + at, Min(e->length - at, 1024 * 1024));
	}
	FIN_CRC32C(crc);
	return crc == e->crc;
}
