"""slowline.py LISTEN-PORT PORT MS - a line to PORT on loopback that holds each byte back for MS milliseconds each way."""
import asyncio
import sys


async def carry(reader, writer, seconds):
    """What came is passed on in its order, each piece SECONDS after it came."""
    pieces = asyncio.Queue()
    clock = asyncio.get_running_loop()

    async def pass_on():
        while True:
            due, piece = await pieces.get()
            await asyncio.sleep(max(0, due - clock.time()))
            if not piece:
                break
            writer.write(piece)
            await writer.drain()
        writer.close()

    task = asyncio.ensure_future(pass_on())
    piece = b"-"
    while piece:
        piece = await reader.read(65536)
        await pieces.put((clock.time() + seconds, piece))
    await task


async def main():
    listen, port, seconds = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]) / 1000

    async def meet(reader, writer):
        there = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(carry(reader, there[1], seconds), carry(there[0], writer, seconds), return_exceptions=True)

    server = await asyncio.start_server(meet, "127.0.0.1", listen)
    async with server:
        await server.serve_forever()


asyncio.run(main())
