# A whole guest in a disk's first sector: it prints a line on the first serial port and echoes what
# it receives; Return prints the line again. The BIOS loads it to 0x7c00 and runs it in real mode.
# Port numbers and bits are those of the 8250 and 16550 UART.

        .code16
        .text
        .globl  _start

        .set    DATA, 0x3f8             # receive and transmit; divisor, low byte
        .set    IER, DATA + 1           # interrupt enable; divisor, high byte
        .set    FCR, DATA + 2           # FIFO control
        .set    LCR, DATA + 3           # line control
        .set    MCR, DATA + 4           # modem control
        .set    LSR, DATA + 5           # line status

        .set    RECEIVED, 0x01          # bits of LSR
        .set    TRANSMITTER_FREE, 0x20

_start:
        ljmp    $0, $main               # some BIOSes arrive with 0x07c0:0

main:
        xorw    %ax, %ax
        movw    %ax, %ds
        movw    %ax, %ss
        movw    $_start, %sp
        cld
        movw    $settings, %si
        movw    $(settings_end - settings) / 2, %cx
set:
        lodsb                           # the port's low byte
        movb    %al, %dl
        movb    $DATA >> 8, %dh
        lodsb
        outb    %al, %dx
        loop    set

# What came before is dropped by reading it: emptying the FIFO alone lets QEMU's UART believe that
# nobody asks for more.
        movw    $DATA, %dx
        inb     %dx, %al

greet:
        movw    $greeting, %si
next:
        lodsb
        testb   %al, %al
        jz      wait
        call    put
        jmp     next

# Asks again and again: a guest of some seconds may, and it then depends on no interrupt.
wait:
        pause
        movw    $LSR, %dx
        inb     %dx, %al
        testb   $RECEIVED, %al
        jz      wait
        movw    $DATA, %dx
        inb     %dx, %al
        cmpb    $'\r', %al
        je      greet
        call    put
        jmp     wait

# Sends the character in %al.
put:
        movb    %al, %ah
        movw    $LSR, %dx
busy:
        inb     %dx, %al
        testb   $TRANSMITTER_FREE, %al
        jz      busy
        movb    %ah, %al
        movw    $DATA, %dx
        outb    %al, %dx
        ret

# Pairs of a port's low byte and what goes there: 115200 bits per second, 8N1, no interrupts.
settings:
        .byte   LCR & 0xff, 0x80        # the divisor is accessible
        .byte   DATA & 0xff, 1
        .byte   IER & 0xff, 0
        .byte   LCR & 0xff, 0x03        # 8N1; the divisor no longer is
        .byte   IER & 0xff, 0
        .byte   FCR & 0xff, 0x07        # FIFOs, emptied
        .byte   MCR & 0xff, 0x03        # DTR and RTS
settings_end:

greeting:
        .asciz  "\r\nThis is serial: what you type comes back.\r\n"

        .org    510
        .word   0xaa55                  # what makes a sector bootable
