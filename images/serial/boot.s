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

        .set    PIC, 0x20               # command; mask of IRQ 0 to 7
        .set    PIC_MASK, PIC + 1
        .set    IRQ4, 0x10              # the port's bit in the mask
        .set    VECTOR, 0x0c * 4        # and where the BIOS has its interrupt vector
        .set    END_OF_INTERRUPT, 0x20

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
        movw    $interrupt, VECTOR
        movw    $0, VECTOR + 2
        inb     $PIC_MASK, %al
        andb    $~IRQ4, %al
        outb    %al, $PIC_MASK

greet:
        movw    $greeting, %si
next:
        lodsb
        testb   %al, %al
        jz      wait
        call    put
        jmp     next

# A character that comes between the question and the hlt still ends it: sti lets interrupts in
# only after the instruction that follows it.
wait:
        cli
        movw    $LSR, %dx
        inb     %dx, %al
        testb   $RECEIVED, %al
        jnz     receive
        sti
        hlt
        jmp     wait
receive:
        sti
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

interrupt:
        pushw   %ax
        movb    $END_OF_INTERRUPT, %al
        outb    %al, $PIC
        popw    %ax
        iret

# Pairs of a port's low byte and what goes there: 115200 bits per second, 8N1, an interrupt for
# what is received.
settings:
        .byte   LCR & 0xff, 0x80        # the divisor is accessible
        .byte   DATA & 0xff, 1
        .byte   IER & 0xff, 0
        .byte   LCR & 0xff, 0x03        # 8N1; the divisor no longer is
        .byte   FCR & 0xff, 0x07        # FIFOs, emptied
        .byte   MCR & 0xff, 0x0b        # DTR, RTS and the line to the interrupt controller
        .byte   IER & 0xff, 0x01
settings_end:

greeting:
        .asciz  "\r\nThis is serial: what you type comes back.\r\n"

        .org    510
        .word   0xaa55                  # what makes a sector bootable
