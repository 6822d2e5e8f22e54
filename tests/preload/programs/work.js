// SPDX-License-Identifier: BSD-3-Clause
// Workers that pass buffers to each other, and many small objects.
const { Worker, isMainThread, parentPort } = require("worker_threads");

if (isMainThread) {
    const results = [];
    for (let number = 0; number < 2; number++) {
        const worker = new Worker(__filename);
        worker.on("message", (sum) => {
            results.push(sum);
            if (results.length === 2) console.log(results.sort().join(" "));
        });
        worker.postMessage(number);
    }
} else {
    parentPort.once("message", (number) => {
        const buffers = [];
        for (let size = 1; size < 2000; size++) buffers.push(Buffer.alloc(size * 7, number + 1));
        parentPort.postMessage(buffers.reduce((sum, buffer) => sum + buffer[buffer.length - 1], 0));
    });
}
